import { hasMarkers } from "../merge/conflict-markers.ts";
import type { File, Tree } from "../render/render.ts";
import { fillSecrets, SECRET_FILE } from "../render/secrets.ts";
import type { Change } from "./change.ts";
import { contradictions } from "./contradictions.ts";
import { isCrlf } from "./sides.ts";
import { whyUnusable } from "./unusable.ts";
import { keepVariables } from "./variables.ts";

/** More than any text has contradictions: one that does not parse hides its own. */
const UNUSABLE = 1e6;

/**
 * A conflict whose new text would still contradict the answers in other places: the owner takes the
 * generated lines there, too.
 */
async function completed(
  change: Change,
  next: File,
  rendered: Tree,
): Promise<Change> {
  const { path, theirs } = change;
  if (theirs === undefined) return change;
  const { mode, text } = theirs.file;
  const plain = text.replaceAll("\r\n", "\n");
  const faults = await faultsIn(path, rendered);
  if (hasMarkers(plain) || faults(plain) === 0) return change;
  const { takeFaultyHunks } = await import("../merge/faulty-hunks.ts");
  const taken = takeFaultyHunks(plain, next.text, faults);
  if (taken === undefined) return change;
  const whole =
    path === SECRET_FILE ? keepVariables(taken.text, plain) : taken.text;
  const ends = isCrlf(text) ? whole.replaceAll("\n", "\r\n") : whole;
  const hunks = theirs.hunks + taken.hunks;
  return { ...change, theirs: { file: { text: ends, mode }, hunks } };
}

/** Counts the faults of a text without its secrets. The parsers are loaded only if a file was edited. */
async function faultsIn(
  path: string,
  rendered: Tree,
): Promise<(text: string) => number> {
  const { whyInvalid } = await import("../merge/syntax.ts");
  const isUnusable = (text: string): boolean =>
    whyUnusable(path, fillSecrets(text), rendered, undefined) !== undefined;
  return (text) =>
    whyInvalid(path, text) === undefined
      ? contradictions(path, text, rendered).length + Number(isUnusable(text))
      : UNUSABLE;
}

/**
 * A file that stays, or is merged, although it contradicts the answers or is not usable, as a conflict:
 * the owner can take the generated lines in those places.
 * @returns the same change if there is nothing wrong
 */
export async function offered(change: Change, rendered: Tree): Promise<Change> {
  const { path, action, before } = change;
  const next = rendered.get(path);
  const result = action === "keep" ? before : change.after;
  if (action === "conflict" && next) return completed(change, next, rendered);
  if (!["same", "keep", "merge"].includes(action)) return change;
  if (before === null || !result || !next) return change;
  const yours = result.text.replaceAll("\r\n", "\n");
  if (yours === next.text || hasMarkers(yours)) return change;
  const { whyInvalid } = await import("../merge/syntax.ts");
  const filled = fillSecrets(yours);
  const unusable = whyUnusable(path, filled, rendered, whyInvalid);
  const faults = await faultsIn(path, rendered);
  if (faults(yours) === 0) return change;
  const { takeFaultyHunks } = await import("../merge/faulty-hunks.ts");
  const { withMarkers } = await import("../merge/with-markers.ts");
  const taken = takeFaultyHunks(yours, next.text, faults);
  const ends = (text: string): string =>
    isCrlf(result.text) ? text.replaceAll("\n", "\r\n") : text;
  const { mode } = result;
  const whole =
    path === SECRET_FILE ? keepVariables(next.text, yours) : next.text;
  const fileOf = (text: string): File => ({ text: ends(text), mode });
  return {
    path,
    action: "conflict",
    before,
    after: fileOf(whole),
    reason: unusable ?? "it contradicts the answers",
    marked: ends(withMarkers(yours, taken?.text ?? next.text)),
    ...(taken && { theirs: { file: fileOf(taken.text), hunks: taken.hunks } }),
    kept: [change],
  };
}
