import type { Tree } from "../render/render.ts";
import { staleAddressesIn } from "../renumber/find-stale.ts";
import { linesOf } from "../renumber/ownership.ts";
import type { StaleValue } from "../renumber/stale.ts";
import type { FileRecord } from "../repository/state.ts";

/**
 * Why a file that the owner kept as a whole in a conflict is out of date: generated lines with old
 * addresses, which a merge would have rewritten. Lines that the owner wrote don't count.
 * @param held what was generated when the conflict arose
 */
export function oldLines(
  path: string,
  text: string,
  held: FileRecord | undefined,
  rendered: Tree,
  valueOf: StaleValue | undefined,
): string[] {
  if (held?.text === undefined || valueOf === undefined) return [];
  const generated = linesOf(held.text);
  const current = linesOf(rendered.get(path)?.text ?? "");
  const old = [...linesOf(text)].filter(
    (line) =>
      generated.has(line) &&
      !current.has(line) &&
      staleAddressesIn(path, line, valueOf).length > 0,
  );
  const count = old.length === 1 ? "1 line has" : `${old.length} lines have`;
  return old.length === 0
    ? []
    : [`${count} old addresses, because "keep" kept the whole file`];
}
