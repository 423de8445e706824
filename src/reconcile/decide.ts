import type { DiskEntry } from "../repository/disk.ts";
import { hasMarkers } from "../merge/conflict-markers.ts";
import type { File } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { sumOf } from "../repository/state.ts";
import { FOREIGN, type Base, type Change } from "./change.ts";
import { kept, sidesOf, written } from "./sides.ts";

const NEWER = "you edited it, and the generator has a newer version";

/** The decision table for one file that is generated: base × disk × rendered. */
export async function decide(
  path: string,
  base: Base | undefined,
  entry: DiskEntry,
  rendered: File,
): Promise<Change> {
  if (entry.kind === "absent") {
    const change = { path, before: null, after: rendered };
    if (base === undefined) return { ...change, action: "create" };
    const reason = path === SECRET_FILE ? "not in this copy" : "deleted by you";
    return { ...change, action: "gone", reason };
  }
  if (entry.kind === "other") {
    const action = base?.sha256 === sumOf(rendered) ? "keep" : "conflict";
    const reason = entry.what;
    return { path, action, before: null, after: rendered, reason };
  }
  const sides = sidesOf(path, base, entry, rendered);
  const { yours, disk } = sides;
  const isNew = sides.rendered !== sides.base;
  if (yours === sides.rendered || yours === sides.base)
    return written(sides, "update", sides.rendered);
  const followed = base?.rewrite(yours, base.owned) ?? yours;
  if (!isNew && followed === disk && !hasMarkers(yours)) return kept(sides);
  // Loaded only where there are edits: merging and parsing take time to load.
  const { mergeEdits, unmergeable } = await import("./merge-edits.ts");
  if (base === undefined) return unmergeable(sides, FOREIGN);
  return sides.base === undefined
    ? unmergeable(sides, NEWER)
    : mergeEdits(sides, followed, base.rewrite(sides.base));
}
