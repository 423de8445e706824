import { sidecarPath } from "./sidecar.ts";
import { isPrivate, WRITING, type Change } from "./change.ts";
import { type Disk } from "../repository/disk.ts";
import type { Owner, Request } from "./request.ts";
import { IGNORE_FILE, secretAtRisk } from "../repository/ignored.ts";
import type { Tree } from "../render/render.ts";
import { lacking, SECRET_FILE } from "../render/secrets.ts";

/** What is known of a run before it writes. */
interface Known {
  readonly changes: readonly Change[];
  readonly rendered: Tree;
  readonly disk: Disk;
}

/** What the owner should know, or see to, besides the changes themselves. */
export function notesOn(
  request: Request,
  { changes, rendered, disk }: Known,
  owner: Owner | undefined,
): string[] {
  return [
    ...(request.previous ? besideNotes(changes, disk) : privacyNotes(changes)),
    ...unaskedNotes(request, changes, owner),
    ...deletedNotes(changes),
    ...missingNotes(changes, rendered),
    ...riskNotes(request.directory, changes, disk),
  ];
}

/** Files of the owner's that stay, and that others can read. */
function privacyNotes(changes: readonly Change[]): string[] {
  return changes.flatMap(({ path, action, before, after }) => {
    if (before === null || !["keep", "same"].includes(action)) return [];
    if (after && isPrivate(after) && !isPrivate(before))
      return [`Others can read your ${path}: chmod 600 ${path}`];
    return [];
  });
}

/** `.new` files of conflicts that are none any more, and why there is none. */
function besideNotes(changes: readonly Change[], disk: Disk): string[] {
  return changes.flatMap((change): string[] => {
    const path = sidecarPath(change);
    const entry = disk.get(path);
    if (change.action === "conflict") return capital(change.noSidecar);
    return entry?.kind === "file"
      ? [`${path} is left over from an earlier conflict: delete it when done.`]
      : [];
  });
}

/** As a sentence of its own; a path begins as it is. */
const capital = (text: string | undefined): string[] =>
  text === undefined ? [] : [text.replace(/^no text/, "No text")];

/** Why nobody asked what to do with files in the way. */
function unaskedNotes(
  { conflict, dryRun }: Request,
  changes: readonly Change[],
  owner: Owner | undefined,
): string[] {
  const open = changes.some(({ action }) => action === "conflict");
  if (!open || conflict !== "ask" || dryRun || owner) return [];
  return [
    "Nothing is asked without a terminal, with --yes or --json: for --conflict ask\nwhat is in conflict stays so.",
  ];
}

/** How to get back what the owner has deleted; .env may only be away from this copy. */
function deletedNotes(changes: readonly Change[]): string[] {
  const gone = changes.some(
    ({ path, action }) => action === "gone" && path !== SECRET_FILE,
  );
  return gone
    ? [
        "What you deleted stays so. --conflict theirs makes all of it again, and takes\nthe generated text wherever there is a conflict.",
      ]
    : [];
}

/** What the generated .env sets, and the owner's, which stays, doesn't. */
function missingNotes(changes: readonly Change[], rendered: Tree): string[] {
  const change = changes.find(({ path }) => path === SECRET_FILE);
  const generated = rendered.get(SECRET_FILE)?.text;
  if (!change?.before || generated === undefined) return [];
  const { action, before, after } = change;
  if (!["keep", "same", "merge"].includes(action)) return [];
  const text = (action === "merge" && after ? after : before).text;
  const note = lacking(generated, text);
  return note === undefined ? [] : [note];
}

/** Whether git will take .env after this. */
function riskNotes(
  directory: string,
  changes: readonly Change[],
  disk: Disk,
): string[] {
  const change = changes.find(({ path }) => path === IGNORE_FILE);
  const changing = change !== undefined && WRITING.has(change.action);
  const entry = disk.get(IGNORE_FILE);
  const there = entry?.kind === "file" ? entry.text : undefined;
  const text = changing ? change.after?.text : there;
  const risk = secretAtRisk(directory, text, changing);
  return risk === undefined ? [] : [risk];
}
