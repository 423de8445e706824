import type { File, Tree } from "../render/render.ts";
import { ownText, SECRET_FILE } from "../render/secrets.ts";
import { remember } from "../repository/previous-answers.ts";
import {
  deployedAnswers,
  EDITED,
  KEPT,
  record,
  sha256,
  isDroppable,
  stateOf,
  sumOf,
  sumOfText,
  withDeployed,
  type FileRecord,
  type State,
} from "../repository/state.ts";
import { hasOldMarkers, type Change } from "./change.ts";
import type { Outcome } from "./request.ts";
import { sidecarPath } from "./sidecar.ts";

/** What a run comes to. */
export type Made = Pick<Outcome, "answers" | "overlap" | "changes"> &
  Pick<State, "fleet">;

/**
 * The state after the changes. The base of a file advances only if the new text was applied, or if the
 * owner resolved the conflict.
 * @param previous undefined for a new repository
 * @param written what this run writes: path → sha256, as the state may have it
 */
export function stateAfter(
  previous: State | undefined,
  { answers, overlap, fleet, changes }: Made,
  rendered: Tree,
  written: ReadonlyMap<string, string | undefined>,
): State {
  const files: Record<string, FileRecord> = {};
  for (const change of changes) {
    const at = change.from ?? change.path;
    const held = previous?.files[at];
    const next = rendered.get(change.path);
    if (previous && held && isUnresolved(change)) {
      // The base stays, so that the conflict can be offered again.
      const { sidecar: _, answers: since, owned, ...rest } = held;
      files[at] = {
        ...rest,
        kept: true,
        answers: since ?? previous.answers,
        ...(owned && { owned }),
      };
    } else if (change.action !== "conflict") {
      if (next !== undefined) {
        const owner = ownersVersion(change, next, held);
        const made = record(next, owner, change);
        const merged = isMerged(change, owner, held);
        files[change.path] = merged ? { ...made, merged } : made;
      }
      // Only the old markers are open: the record stays, or each run would write it.
    } else if (held && hasOldMarkers(change) && next && isBase(next, held)) {
      files[at] = held;
    } else if (held) {
      const { sidecar: before, ...rest } = held;
      const path = sidecarPath(change);
      const sidecar = written.has(path) ? written.get(path) : before;
      const since = held.answers ?? (previous as State).answers;
      files[at] = { ...rest, answers: since, ...(sidecar && { sidecar }) };
    }
  }
  if (previous)
    Object.assign(files, noLongerGenerated(previous, changes, rendered));
  const sorted = Object.fromEntries(
    Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const role = fleet && { fleet };
  const made = { ...stateOf(answers, new Map()), ...role, files: sorted };
  if (previous === undefined) return made;
  const before = [previous.answers, ...previous.previousAnswers];
  const state = {
    ...made,
    previousAnswers: remember(before, answers),
    ...(overlap && { overlap }),
    ...(previous.regenerated && { regenerated: true as const }),
  };
  return withDeployed(state, deployedAnswers(previous));
}

/**
 * The records of files that the owner edited or deleted: they may be generated again later. A file that
 * was deleted while it was not generated has none.
 */
function noLongerGenerated(
  { files, answers: before }: State,
  changes: readonly Change[],
  rendered: Tree,
): Record<string, FileRecord> {
  const kept: Record<string, FileRecord> = {};
  for (const [path, held] of Object.entries(files)) {
    if (rendered.has(path) || handled(path, changes)) continue;
    const change = changes.find((one) => one.path === path);
    if (change === undefined && isDroppable(held)) continue;
    const own = change?.before;
    const owner = own
      ? { owner: sha256(ownText(path, own.text)) }
      : change === undefined && { owner: "absent" };
    kept[path] = { ...held, ...owner, answers: held.answers ?? before };
  }
  return kept;
}

/** Whether nothing new was generated since. */
const isBase = (next: File, held: FileRecord): boolean =>
  held.answers === undefined && sumOf(next) === held.sha256;

/** Whether the owner kept a file that contradicts the answers. The state marks .env in another way. */
const isUnresolved = ({ path, chosen, contradicts }: Change): boolean =>
  chosen === true && contradicts !== undefined && path !== SECRET_FILE;

/** Whether a file was deleted or has a new path. */
const handled = (path: string, changes: readonly Change[]): boolean =>
  changes.some(
    (change) =>
      change.from === path ||
      (change.path === path && change.action === "delete"),
  );

/** Whether the owner's version is a merge that the owner did not edit since. */
function isMerged(
  { action }: Change,
  owner: string | undefined,
  held: FileRecord | undefined,
): true | undefined {
  // The state has no sum of .env.
  if (owner === undefined || owner === EDITED || owner === KEPT)
    return undefined;
  if (action === "merge") return true;
  return action === "keep" && held?.owner === owner ? held.merged : undefined;
}

/** The owner's version as the state records it; undefined if it is as generated. */
function ownersVersion(
  { path, action, before, after, chosen }: Change,
  next: File,
  held: FileRecord | undefined,
): string | undefined {
  const onDisk = action === "keep" ? before : after;
  // A link or directory that is kept has no text.
  if (action === "gone" || onDisk === null) return "absent";
  const text = ownText(path, onDisk.text);
  if (sumOfText(text) === sumOf(next)) return undefined;
  if (path !== SECRET_FILE) return sha256(text);
  return chosen || held?.owner === KEPT ? KEPT : EDITED;
}
