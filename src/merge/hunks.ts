import { generatedFile } from "../render/generated-files.ts";

/** Lines of the base that both sides changed, and what each made of them. */
export interface Hunk {
  readonly yours: readonly string[];
  readonly base: readonly string[];
  readonly generated: readonly string[];
}

/** Whether a line may stand in any order: rows of a table, variables, patterns. */
type Unordered = (line: string) => boolean;

/**
 * Merges a hunk if the owner has taken the new lines over, or if one side only inserted or deleted
 * lines next to the lines that the other side changed. That is known if each changed line became one
 * line, or if the order of the lines does not matter.
 * @returns undefined if both sides changed the same line
 */
export function mergeHunk(
  { yours, base, generated }: Hunk,
  unordered: Unordered,
): string[] | undefined {
  if (isTaken(yours, base, generated)) return [...yours];
  const loose = [...yours, ...base, ...generated].every(unordered);
  if (base.length === 0) return loose ? [...generated, ...yours] : undefined;
  return (
    inserted(yours, base, generated) ??
    inserted(generated, base, yours) ??
    deleted(yours, base, generated) ??
    deleted(generated, base, yours) ??
    (loose ? around(yours, base, generated) : undefined)
  );
}

/**
 * The owner resolved the conflict by hand: all new lines are there, with own lines around them, and
 * none that the generator dropped. If nothing is generated, nothing can tell.
 */
function isTaken(
  yours: readonly string[],
  base: readonly string[],
  generated: readonly string[],
): boolean {
  const dropped = base.filter((line) => !generated.includes(line));
  return (
    generated.length > 0 &&
    inOrder(yours, generated) &&
    !dropped.some((line) => yours.includes(line))
  );
}

/** Whether all of the other lines are among the lines, in the same order. */
function inOrder(lines: readonly string[], others: readonly string[]): boolean {
  let next = 0;
  for (const line of lines) if (line === others[next]) next += 1;
  return next === others.length;
}

/** One side only inserted lines; the other changed each line of the base into one line. */
function inserted(
  one: readonly string[],
  base: readonly string[],
  other: readonly string[],
): string[] | undefined {
  if (other.length !== base.length) return undefined;
  let next = 0;
  const result = one.map((line) =>
    line === base[next] ? (other[next++] as string) : line,
  );
  return next === base.length ? result : undefined;
}

/** One side only deleted lines that the other side left alone. */
function deleted(
  one: readonly string[],
  base: readonly string[],
  other: readonly string[],
): string[] | undefined {
  if (other.length !== base.length || one.length === 0) return undefined;
  let next = 0;
  const stays = base.map((line) => line === one[next] && ++next > 0);
  const untouched = base.every((line, at) => stays[at] || line === other[at]);
  return next === one.length && untouched
    ? other.filter((_, at) => stays[at])
    : undefined;
}

/** One side only put lines before and after those of the base; the other changed these in any way. */
function around(
  one: readonly string[],
  base: readonly string[],
  other: readonly string[],
): string[] | undefined {
  const at = one.findIndex((_, start) =>
    base.every((line, index) => one[start + index] === line),
  );
  return at < 0
    ? undefined
    : [...one.slice(0, at), ...other, ...one.slice(at + base.length)];
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
