import { generatedFile } from "../render/generated-files.ts";

/** What two sides made of the same lines of the base. */
export interface Hunk {
  readonly mine: readonly string[];
  readonly was: readonly string[];
  readonly theirs: readonly string[];
}

/** Lines of which the order says nothing: rows of a table, variables, patterns. */
export type Unordered = (line: string) => boolean;

/**
 * Where lines meet only because one side put its own beside those that the other changed, or took
 * some away there: both. That
 * is told where each changed line is one again, so that what stood beside it still does; or where the
 * order says nothing.
 * @returns undefined where both changed the same
 */
export function mergeHunk(
  { mine, was, theirs }: Hunk,
  unordered: Unordered = () => false,
): string[] | undefined {
  const loose = [...mine, ...was, ...theirs].every(unordered);
  if (was.length === 0) return loose ? [...theirs, ...mine] : undefined;
  return (
    inserted(mine, was, theirs) ??
    inserted(theirs, was, mine) ??
    removed(mine, was, theirs) ??
    removed(theirs, was, mine) ??
    (loose ? around(mine, was, theirs) : undefined)
  );
}

/** With lines only inserted between those of the base, and as many for these on the other side. */
function inserted(
  one: readonly string[],
  was: readonly string[],
  other: readonly string[],
): string[] | undefined {
  if (other.length !== was.length) return undefined;
  let next = 0;
  const result = one.map((line) =>
    line === was[next] ? (other[next++] as string) : line,
  );
  return next === was.length ? result : undefined;
}

/** The way back: with lines only taken away, which are as they were on the other side. */
function removed(
  one: readonly string[],
  was: readonly string[],
  other: readonly string[],
): string[] | undefined {
  if (other.length !== was.length || one.length === 0) return undefined;
  let next = 0;
  const stays = was.map((line) => line === one[next] && ++next > 0);
  const untouched = was.every((line, at) => stays[at] || line === other[at]);
  return next === one.length && untouched
    ? other.filter((_, at) => stays[at])
    : undefined;
}

/** With lines only put before and behind those of the base, whatever has become of these. */
function around(
  one: readonly string[],
  was: readonly string[],
  other: readonly string[],
): string[] | undefined {
  const at = one.findIndex((_, start) =>
    was.every((line, index) => one[start + index] === line),
  );
  return at < 0
    ? undefined
    : [...one.slice(0, at), ...other, ...one.slice(at + was.length)];
}

/** Which lines of a file may stand in any order; in .gitignore the owner's lines come last and win. */
export function unorderedIn(path: string): Unordered {
  const row = generatedFile(path);
  if (row?.ordered === false) return () => true;
  return row?.format === "markdown"
    ? (line) => isTableRow(line) || isRecord(line)
    : () => false;
}

/** GFM 4.10, with a pipe at both ends. */
const isTableRow = (line: string): boolean => /^\|.*\|\r?$/.test(line);

/** RFC 1035 5.1: name, TTL, class and type. */
const isRecord = (line: string): boolean =>
  /^\S+\s+(\d+\s+)?IN\s+[A-Z]+\s/.test(line);
