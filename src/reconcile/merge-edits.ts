import { generatedSide, hasMarkers } from "../merge/conflict-markers.ts";
import { mergeHunk, unorderedIn } from "../merge/hunks.ts";
import { takeFaultyHunks } from "../merge/faulty-hunks.ts";
import { generatedHunk } from "../merge/own-blocks.ts";
import { whyInvalid } from "../merge/syntax.ts";
import { merge } from "../merge/three-way.ts";
import { withMarkers } from "../merge/with-markers.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Change } from "./change.ts";
import { conflict, isCrlf, kept, written, type Sides } from "./sides.ts";
import { keepVariables } from "./variables.ts";

/** A conflict without a base: no merge. The file is edited and the generator has a newer version, or it is foreign. */
export const unmergeable = (sides: Sides, reason: string): Change =>
  hasMarkers(sides.yours)
    ? conflict(sides, MARKERS_LEFT)
    : conflict(sides, reason, withMarkers(sides.yours, sides.rendered));

const TOUCHING = "your edit and the new text touch the same lines";
const MARKERS_LEFT = "it still has conflict markers";

/**
 * Merges the owner's edits with what is rendered. The result is parsed: one that doesn't parse is a
 * conflict.
 * @param yours the owner's text, changed addresses rewritten
 * @param base what was generated last, changed addresses rewritten
 */
export function mergeEdits(sides: Sides, yours: string, base: string): Change {
  const { path, rendered } = sides;
  const theirs = () => takeGenerated(sides, yours, base);
  if (hasMarkers(sides.yours))
    return { ...conflict(sides, MARKERS_LEFT), ...theirs() };
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
  const own = whyInvalid(path, before);
  if (conflicts)
    return { ...conflict(sides, own ?? TOUCHING, text), ...theirs() };
  const reason = own ?? `the merged text would be broken: ${invalid}`;
  return {
    ...conflict(sides, reason, withMarkers(yours, rendered)),
    ...theirs(),
  };
}

/**
 * The owner's text with the new text for the conflicting hunks only. If that is not possible, or not
 * valid, nothing: the new text is the whole file.
 */
function takeGenerated(
  { path, rendered, before, mode }: Sides,
  yours: string,
  base: string,
): Pick<Change, "theirs"> {
  const resolved = generatedSide(yours);
  let { hunks } = resolved;
  let isLost = false;
  const unordered = unorderedIn(path);
  const { text } = merge(resolved.text, base, rendered, (hunk) => {
    const merged = mergeHunk(hunk, unordered);
    if (merged !== undefined) return merged;
    hunks += 1;
    const taken = generatedHunk(hunk);
    isLost ||= taken === undefined;
    return taken ?? hunk.generated;
  });
  if (isLost || hasMarkers(text)) return {};
  const [plain, old, next] = [text, yours, rendered].map((one) =>
    one.replaceAll("\r\n", "\n"),
  ) as [string, string, string];
  const isInvalid = (one: string): boolean =>
    whyInvalid(path, one, old) !== undefined;
  let result = text;
  if (isInvalid(plain)) {
    const taken = takeFaultyHunks(plain, next, (one) => Number(isInvalid(one)));
    if (taken === undefined) return {};
    hunks += taken.hunks;
    result = isCrlf(text) ? taken.text.replaceAll("\n", "\r\n") : taken.text;
  }
  if (hunks === 0) return {};
  const whole =
    path === SECRET_FILE ? keepVariables(result, before.text) : result;
  return { theirs: { file: { text: whole, mode }, hunks } };
}
