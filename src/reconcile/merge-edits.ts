import { hasMarkers } from "../merge/conflict-markers.ts";
import { mergeHunk, unorderedIn } from "../merge/hunks.ts";
import { whyInvalid } from "../merge/syntax.ts";
import { merge } from "../merge/three-way.ts";
import { withMarkers } from "../merge/with-markers.ts";
import { FOREIGN, type Change } from "./change.ts";
import { conflict, kept, written, type Sides } from "./sides.ts";

/** A conflict with a file that create-kong-ipv6 did not write. */
export const foreign = (sides: Sides): Change =>
  conflict(sides, FOREIGN, withMarkers(sides.yours, sides.rendered));

/** A verbatim file that the owner edited and the generator changed: without its base, no merge. */
export const changedByBoth = (sides: Sides): Change =>
  hasMarkers(sides.yours)
    ? conflict(sides, MARKERS_LEFT)
    : conflict(
        sides,
        "you edited it, and the generator has a newer version",
        withMarkers(sides.yours, sides.rendered),
      );

const MARKERS_LEFT = "it still has conflict markers";

/**
 * Merges the owner's edits with what is rendered. The result is parsed: one that doesn't parse is a
 * conflict.
 * @param yours the owner's text, changed addresses rewritten
 * @param base what was generated last, changed addresses rewritten
 */
export function mergeEdits(sides: Sides, yours: string, base: string): Change {
  const { path, rendered } = sides;
  if (hasMarkers(sides.yours)) return conflict(sides, MARKERS_LEFT);
  const unordered = unorderedIn(path);
  const { text, conflicts } = merge(yours, base, rendered, (hunk) =>
    mergeHunk(hunk, unordered),
  );
  const [merged, before] = [text, sides.yours].map((one) =>
    one.replaceAll("\r\n", "\n"),
  ) as [string, string];
  const invalid = whyInvalid(path, merged, before);
  if (!conflicts && invalid === undefined) return written(sides, "merge", text);
  // Nothing new to take over: the stale addresses that stay are reported.
  if (rendered === sides.base) return kept(sides);
  return conflicts
    ? conflict(sides, "your edit and the new text touch the same lines", text)
    : conflict(sides, `merged, ${invalid}`, withMarkers(yours, rendered));
}
