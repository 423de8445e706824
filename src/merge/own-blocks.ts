import type { Hunk } from "./hunks.ts";

/** A YAML key that opens a block, and its lines. */
interface Block {
  readonly key: string | undefined;
  readonly lines: string[];
}

/**
 * The result of a conflict for which the owner takes the generated lines: those, and whole YAML blocks
 * that only the owner has, such as another service next to one that changed.
 * @returns undefined if there is no place for such a block
 */
export function generatedHunk({
  yours,
  base,
  generated,
}: Hunk): string[] | undefined {
  const indents = base.filter((line) => line.trim() !== "").map(indentOf);
  const indent = Math.min(...indents);
  const others = new Set(
    [...base, ...generated].flatMap((line) => keyOf(line) ?? []),
  );
  const blocks = blocksOf(yours, indent);
  const isOwn = ({ key, lines }: Block): boolean =>
    key !== undefined && !others.has(key) && lines.length > 1;
  // The lines after the hunk continue its last block. All blocks before the last are complete.
  const last = blocks.findLastIndex((block) => !isOwn(block)) + 1;
  const complete = linesOf(blocks.slice(0, last).filter(isOwn));
  const open = linesOf(blocks.slice(last));
  const [first] = generated.filter((line) => line.trim() !== "");
  if (first === undefined) return [...generated, ...complete, ...open];
  const fits = complete.length === 0 || startsAt(first, complete);
  return fits ? [...complete, ...generated, ...open] : undefined;
}

const linesOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap(({ lines }) => lines);

/** Whether a line has the indent of the first of the others, so that it ends the block before it. */
const startsAt = (line: string, [first = ""]: readonly string[]): boolean =>
  indentOf(line) === indentOf(first);

const indentOf = (line: string): number => line.search(/\S/);

const keyOf = (line: string): string | undefined =>
  /^\s*([\w.-]+):/.exec(line)?.[1];

/** Splits lines before each that is indented by at most `indent`. */
function blocksOf(lines: readonly string[], indent: number): Block[] {
  const blocks: Block[] = [{ key: undefined, lines: [] }];
  for (const line of lines) {
    const starts = line.trim() !== "" && indentOf(line) <= indent;
    if (starts && /:\s*$/.test(line))
      blocks.push({ key: keyOf(line), lines: [] });
    else if (starts) blocks.push({ key: undefined, lines: [] });
    blocks.at(-1)?.lines.push(line);
  }
  return blocks;
}
