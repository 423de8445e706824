import type { File } from "../render/render.ts";
import { isInstalled, isPrivate, textToWrite, type Change } from "./change.ts";
import { movedTo } from "./compare.ts";
import type { ConflictPrompts, Request, Resolution } from "./request.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { State } from "../repository/state.ts";

/** What of a request decides about conflicts. */
export type Choices = Pick<Request, "previous" | "conflict" | "dryRun">;

/**
 * Resolves conflicts by the flag, or as the owner says when asked. Without either they stay.
 * @returns also what was chosen, for the command that repeats the run
 */
export async function resolveConflicts(
  compared: readonly Change[],
  {
    conflict,
    dryRun,
    previous,
  }: Omit<Choices, "previous"> & { previous?: Pick<State, "files"> },
  prompts: ConflictPrompts | undefined,
): Promise<{ decided: readonly Change[]; resolutions: readonly Resolution[] }> {
  const open = compared.filter(
    (change) =>
      change.action === "conflict" ||
      isInstalledOrphan(change) ||
      (change.action === "gone" && change.renamed === undefined),
  );
  const asIs = { decided: compared, resolutions: [] };
  if (open.length === 0) return asIs;
  if (conflict !== "ask")
    return {
      decided: compared.flatMap((change) => applyResolution(change, conflict)),
      resolutions: [conflict],
    };
  const conflicts = open.filter(({ action }) => action === "conflict");
  // A file that is known to stay deleted is not asked about again.
  const deleted = open.filter(
    ({ path, action }) =>
      action === "gone" &&
      path !== SECRET_FILE &&
      previous?.files[path]?.owner !== "absent",
  );
  const asked = conflicts.length + deleted.length;
  if (prompts === undefined || dryRun || asked === 0) return asIs;
  const resolutions = new Map([
    ...(await prompts.askConflicts(conflicts)),
    ...(await prompts.askDeleted(deleted)),
  ]);
  const resolutionOf = ({ path }: Change): Resolution =>
    resolutions.get(path) ?? "keep";
  return {
    decided: compared.flatMap((change) =>
      applyResolution(change, resolutionOf(change)),
    ),
    // Deleted files too: --conflict theirs would restore them.
    resolutions: open.map(resolutionOf),
  };
}

const isInstalledOrphan = ({ path, action, before }: Change): boolean =>
  action === "orphan" && before !== null && isInstalled(path);

/**
 * Resolves one conflict as the owner chose; "theirs" also restores a file that the owner deleted,
 * and deletes one that apply.sh would install although it is no longer generated.
 * What can't be compared (a link, a directory) can only be kept.
 */
export function applyResolution(
  change: Change,
  resolution: Resolution,
): Change[] {
  const { path, action, before, from } = change;
  if (action === "gone" && resolution === "theirs" && !change.renamed)
    return [{ ...change, action: "create" }];
  if (isInstalledOrphan(change) && resolution === "theirs")
    return [{ ...change, action: "delete", taken: 0 }];
  if (action !== "conflict") return [change];
  // A file with conflict markers: another text on top of it would be lost.
  const isOpen = before !== null && change.marked === undefined;
  if (isOpen && resolution !== "theirs") return [change];
  if (resolution === "keep") {
    if (change.kept) return [...change.kept];
    return from === undefined || before === null
      ? [{ ...change, action: "keep", chosen: true }]
      : movedTo(path, from, before, before);
  }
  if (before === null) return [change];
  const after = textToWrite(change);
  // The owner's mode, but a private file is never opened to others.
  const mode = isPrivate(after) ? before.mode & 0o700 : before.mode;
  const marked = { text: change.marked ?? "", mode };
  const result: Change & { readonly after: File } =
    resolution === "theirs"
      ? takeTheirs(change, after)
      : { ...change, action: "markers", after: marked };
  if (from === undefined) return [result];
  const [created, deleted] = movedTo(path, from, before, result.after);
  return resolution === "markers"
    ? [{ ...created, action: "markers" }, deleted]
    : [{ ...created, taken: result.taken ?? 0 }, deleted];
}

/** The new text for the conflicting hunks; for the whole file if the hunks alone can't be taken. */
function takeTheirs(
  { theirs, ...change }: Change,
  whole: File,
): Change & { readonly after: File } {
  const hunks = theirs?.hunks ?? 0;
  const reason =
    hunks > 0
      ? `the new text for ${hunks} conflict${hunks > 1 ? "s" : ""}; your other edits stay`
      : `replaced: ${change.reason}`;
  const after = theirs?.file ?? whole;
  return { ...change, action: "update", after, reason, taken: hunks };
}
