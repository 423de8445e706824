import type { Answers } from "../answers/types.ts";
import type { File, Tree } from "../render/render.ts";
import { ownText, SECRET_FILE } from "../render/secrets.ts";
import { remember } from "../repository/previous-answers.ts";
import {
  EDITED,
  record,
  sha256,
  stateOf,
  sumOf,
  sumOfText,
  type FileRecord,
  type State,
} from "../repository/state.ts";
import type { Change } from "./change.ts";
import { sidecarPath } from "./sidecar.ts";

/**
 * The state after changes were applied: the base of a file advances only where the new text was
 * applied, or the owner has decided about it.
 * @param previous absent for a repository that is just made
 * @param laid what is written, path → sha256 as the state may have it
 */
export function stateAfter(
  previous: State | undefined,
  answers: Answers,
  rendered: Tree,
  changes: readonly Change[],
  laid: ReadonlyMap<string, string | undefined> = new Map(),
): State {
  const files: Record<string, FileRecord> = {};
  for (const change of changes) {
    const at = change.from ?? change.path;
    const held = previous?.files[at];
    const next = rendered.get(change.path);
    if (change.action !== "conflict") {
      if (next !== undefined) {
        const owner = ownersOf(change, next);
        const made = record(next, owner, change);
        const merged = isMerged(change, owner, held);
        files[change.path] = merged ? { ...made, merged } : made;
      }
    } else if (previous && held) {
      const { beside: before, ...rest } = held;
      const path = sidecarPath(change);
      const beside = laid.has(path) ? laid.get(path) : before;
      const since = held.answers ?? previous.answers;
      files[at] = { ...rest, answers: since, ...(beside && { beside }) };
    }
  }
  for (const [path, held] of Object.entries(previous?.files ?? {})) {
    if (rendered.has(path) || handled(path, changes)) continue;
    // Generated no more, but the owner edited or deleted it: it may be generated again one day.
    const { answers: before } = previous as State;
    files[path] = { ...held, answers: held.answers ?? before };
  }
  const sorted = Object.fromEntries(
    Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const made = { ...stateOf(answers, new Map()), files: sorted };
  if (previous === undefined) return made;
  const before = [previous.answers, ...previous.former];
  const { regenerated } = previous;
  return {
    ...made,
    former: remember(before, answers),
    ...(regenerated && { regenerated }),
  };
}

/** Whether a file is gone for good, or goes by another path now. */
const handled = (path: string, changes: readonly Change[]): boolean =>
  changes.some(
    (change) =>
      change.from === path ||
      (change.path === path && change.action === "delete"),
  );

/** It stays so for as long as the owner leaves it. */
function isMerged(
  { action }: Change,
  owner: string | undefined,
  held: FileRecord | undefined,
): true | undefined {
  // Of .env every version of the owner's is known.
  if (owner === undefined || owner === EDITED) return undefined;
  if (action === "merge") return true;
  return action === "keep" && held?.owner === owner ? held.merged : undefined;
}

/** What the owner's version is, where it isn't what was generated. */
function ownersOf(
  { path, action, before, after }: Change,
  next: File,
): string | undefined {
  const onDisk = action === "keep" ? before : after;
  // Kept without a text: a link, a directory.
  if (action === "gone" || onDisk === null) return "absent";
  const text = ownText(path, onDisk.text);
  if (sumOfText(text) === sumOf(next)) return undefined;
  return path === SECRET_FILE ? EDITED : sha256(text);
}
