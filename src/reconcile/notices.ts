import { sidecarPath } from "./sidecar.ts";
import { isPrivate, WRITING, type Change } from "./change.ts";
import { commandLine, gitLine, pathWord } from "../base/program.ts";
import { printable } from "../base/escape.ts";
import { textAt, type Disk } from "../repository/disk.ts";
import { COMPOSE_FILE, composeNotes } from "./compose-names.ts";
import { crlfNotes, hasCrlf } from "./line-ends.ts";
import type { ConflictPrompts, Request } from "./request.ts";
import {
  IGNORE_FILE,
  secretStatus,
  type SecretStatus,
} from "../repository/ignored.ts";
import type { Tree } from "../render/render.ts";
import { fillSecrets, lacksSecret, SECRET_FILE } from "../render/secrets.ts";
import { whyUnusable } from "./unusable.ts";
import { unsetVariables } from "./required-variables.ts";
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
  known: Known,
  prompts: ConflictPrompts | undefined,
): string[] {
  const { changes, rendered, disk } = known;
  return [
    ...(request.previous
      ? sidecarNotes(changes, disk)
      : privacyNotes(request.directory, changes)),
    ...unaskedNotes(request, changes, prompts),
    ...deletedNotes(changes),
    ...missingNotes(changes, rendered),
    ...absentNotes(changes),
    ...riskNotes(request.directory, changes, disk),
    ...passwordNotes(request, known),
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
  if (!["keep", "same", "merge", "update"].includes(action)) return [];
  const text = (WRITING.has(action) && after ? after : before).text;
  const note = missingVariables(generated, text);
  return note === undefined ? [] : [note];
}

/**
 * Files that the program which reads them would refuse after this run. Loads the parsers only if a file is
 * kept: all others have passed them.
 */
export async function unusableNotes(
  directory: string,
  { changes, rendered, disk }: Known,
): Promise<string[]> {
  const isKept = changes.some(({ action }) => action === "keep");
  const syntax = isKept ? await import("../merge/syntax.ts") : undefined;
  const found = changes.flatMap(({ path, from = path, action, after }) => {
    const there = textAt(disk, from);
    const text =
      after && WRITING.has(action) ? fillSecrets(after.text, there) : there;
    if (text === undefined || !rendered.has(path)) return [];
    const whyInvalid = action === "keep" ? syntax?.whyInvalid : undefined;
    const reason = whyUnusable(path, text, rendered, whyInvalid);
    // Where the text is as generated but for a password, there is nothing to take.
    const remedy =
      action === "same"
        ? ""
        : ` Correct it, or take the generated text:\n  ${commandLine("regenerate", directory, "--conflict", "theirs")}`;
    return reason
      ? [
          {
            path,
            text: `${path} is not usable: ${printable(reason)}.${remedy}`,
            isCrlf: hasCrlf(path, text),
          },
        ]
      : [];
  });
  const crlf = found.filter(({ isCrlf }) => isCrlf).map(({ path }) => path);
  return [
    ...crlfNotes(directory, crlf),
    ...found.filter(({ isCrlf }) => !isCrlf).map((one) => one.text),
    ...unsetNotes(directory, changes),
  ];
}

/**
 * The variables that docker-compose.yml needs and .env lacks after this run. What an override file needs
 * is a manual step.
 */
function unsetNotes(directory: string, changes: readonly Change[]): string[] {
  const written = changes.flatMap(({ path, action, after }) =>
    after && WRITING.has(action) ? [[path, after.text] as const] : [],
  );
  return unsetVariables(directory, new Map(written))
    .filter(({ path }) => path === COMPOSE_FILE)
    .map(({ path, reason }) => `${path}: ${reason}.`);
}

/** What a new password of the database means. */
function passwordNotes(
  { previous }: Request,
  { changes, disk }: Known,
): string[] {
  const change = changes.find(({ path }) => path === SECRET_FILE);
  if (previous?.answers.database !== "postgres" || !change?.after) return [];
  const there = textAt(disk, SECRET_FILE) ?? "";
  return WRITING.has(change.action) && lacksSecret(there, change.after.text)
    ? [NEW_PASSWORD]
    : [];
}

const NEW_PASSWORD =
  ".env has a new KONG_PG_PASSWORD, because there was none. PostgreSQL reads the password in its settings only when it creates a database. If yours exists already, apply.sh sets the new password in it. If you start Kong without apply.sh, put the old one back into .env.";

/** As in a clone, if the run does not restore it. */
const absentNotes = (changes: readonly Change[]): string[] =>
  absentSecretNote(
    changes.some(
      ({ path, action }) => path === SECRET_FILE && action === "gone",
    ),
  );

/** @param isAbsent whether there is no .env after this run */
export const absentSecretNote = (isAbsent: boolean): string[] =>
  isAbsent
    ? [
        ".env is not in this copy, because git does not have it. The server keeps its own. If it has none, apply.sh makes one from .env.example, with a new password.",
      ]
    : [];

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
