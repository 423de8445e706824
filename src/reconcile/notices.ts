import { sidecarPath } from "./sidecar.ts";
import { isPrivate, WRITING, type Change } from "./change.ts";
import { commandLine, gitLine, pathWord } from "../base/program.ts";
import { printable } from "../base/escape.ts";
import { type Disk } from "../repository/disk.ts";
import { composeNotes } from "./compose-names.ts";
import { crlfNotes, hasCrlf } from "./line-ends.ts";
import type { ConflictPrompts, Request } from "./request.ts";
import {
  IGNORE_FILE,
  secretStatus,
  type SecretStatus,
} from "../repository/ignored.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { missingVariables } from "./variables.ts";

/** What is known before a run writes. */
interface Known {
  readonly changes: readonly Change[];
  readonly rendered: Tree;
  readonly disk: Disk;
}

/** Messages to the owner besides the changes themselves. */
export function notesOn(
  request: Request,
  { changes, rendered, disk }: Known,
  prompts: ConflictPrompts | undefined,
): string[] {
  return [
    ...(request.previous
      ? sidecarNotes(changes, disk)
      : privacyNotes(request.directory, changes)),
    ...unaskedNotes(request, changes, prompts),
    ...deletedNotes(changes),
    ...missingNotes(changes, rendered),
    ...riskNotes(request.directory, changes, disk),
    ...crlfNotes(request.directory, withCrlf(changes)),
    ...composeNotes(request.directory),
  ];
}

/** Private files that the owner keeps and that others can read. */
function privacyNotes(directory: string, changes: readonly Change[]): string[] {
  return changes.flatMap(({ path, action, before, after }) => {
    if (before === null || !["keep", "same"].includes(action)) return [];
    if (after && isPrivate(after) && !isPrivate(before))
      return [readByOthers(directory, path)];
    return [];
  });
}

/** What to do about a private file that others can read. */
export const readByOthers = (directory: string, path: string): string =>
  `Others can read your ${path}: chmod 600 ${pathWord(directory, path)}`;

/** Leftover `.new` files, and the reasons why a new one was not written. */
function sidecarNotes(changes: readonly Change[], disk: Disk): string[] {
  return changes.flatMap((change): string[] => {
    const path = sidecarPath(change);
    const entry = disk.get(path);
    if (change.action === "conflict")
      return change.noSidecar === undefined ? [] : [change.noSidecar];
    return entry?.kind === "file" && change.sidecar === undefined
      ? [`${path} is left over from an earlier conflict: delete it when done.`]
      : [];
  });
}

/** Why the owner was not asked about conflicts. */
function unaskedNotes(
  { conflict, dryRun }: Request,
  changes: readonly Change[],
  prompts: ConflictPrompts | undefined,
): string[] {
  const open = changes.some(({ action }) => action === "conflict");
  if (!open || conflict !== "ask" || dryRun || prompts) return [];
  return [
    "Conflicts remain, because this run can't ask (no terminal, --yes or --json).",
  ];
}

/** How to restore what the owner deleted. .env may only be missing in this copy. */
function deletedNotes(changes: readonly Change[]): string[] {
  const gone = changes.some(
    ({ path, action, renamed }) =>
      action === "gone" && path !== SECRET_FILE && renamed === undefined,
  );
  return gone
    ? [
        "Deleted files stay deleted. --conflict theirs restores all of them, and takes the generated text for every conflict.",
      ]
    : [];
}

/** The variables that the generated .env sets and the owner's does not. */
function missingNotes(changes: readonly Change[], rendered: Tree): string[] {
  const change = changes.find(({ path }) => path === SECRET_FILE);
  const generated = rendered.get(SECRET_FILE)?.text;
  if (!change?.before || generated === undefined) return [];
  const { action, before, after } = change;
  if (!["keep", "same", "merge"].includes(action)) return [];
  const text = (action === "merge" && after ? after : before).text;
  const note = missingVariables(generated, text);
  return note === undefined ? [] : [note];
}

/**
 * Kept files that the program which reads them would refuse. Loads the parsers only if a file is kept.
 */
export async function invalidNotes(
  directory: string,
  changes: readonly Change[],
): Promise<string[]> {
  const kept = changes.filter(({ action }) => action === "keep");
  if (kept.length === 0) return [];
  const { whyInvalid } = await import("../merge/syntax.ts");
  return kept.flatMap(({ path, before }) => {
    const reason = before && whyInvalid(path, before.text);
    return reason
      ? [
          `${path} is not usable: ${printable(reason)}. Correct it, or take the generated text:\n  ${commandLine("regenerate", directory, "--conflict", "theirs")}`,
        ]
      : [];
  });
}

/** Whether git would add .env after this run. */
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
  return secretNotes(directory, secretStatus(directory, text, changing));
}

/** How to keep .env out of git, if git would commit it. */
export function secretNotes(directory: string, status: SecretStatus): string[] {
  if (status === "ignored") return [];
  return [
    status === "tracked"
      ? `git tracks your .env, with the database's password: run ${gitLine(directory, "rm --cached .env")}. If it was ever committed, change the password.`
      : "git would commit your .env, with the database's password: add a line .env to .gitignore.",
  ];
}

/** Scripts that bash can't read after this run. */
const withCrlf = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ path, action, before, after }) => {
    const text = (WRITING.has(action) ? after : before)?.text;
    return text !== undefined && hasCrlf(path, text) ? [path] : [];
  });
