import type { Hunk } from "./hunks.ts";

/** A YAML key that opens a block, and its lines. */
interface Block {
  readonly key: string | undefined;
  readonly lines: string[];
}

/**
 * The result of a conflict for which the owner takes the generated lines: those, and after them whole
 * YAML blocks that only the owner has, such as another service next to one that changed.
 */
export function generatedHunk({ yours, base, generated }: Hunk): string[] {
  const indents = base.filter((line) => line.trim() !== "").map(indentOf);
  const indent = Math.min(...indents);
  const others = new Set(
    [...base, ...generated].flatMap((line) => keyOf(line) ?? []),
  );
  const blocks = blocksOf(yours, indent);
  const isOwn = ({ key, lines }: Block): boolean =>
    key !== undefined && !others.has(key) && lines.length > 1;
  // What follows the hunk belongs to its last block, so an own block may only come after the generated
  // lines. If nothing is generated, every own block is complete.
  const last = blocks.findLastIndex((block) => !isOwn(block)) + 1;
  const deleted = generated.every((line) => line.trim() === "");
  const kept = (deleted ? blocks : blocks.slice(last)).filter(isOwn);
  return [...generated, ...kept.flatMap(({ lines }) => lines)];
}

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
