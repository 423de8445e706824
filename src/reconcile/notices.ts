import { sidecarPath } from "./sidecar.ts";
import { isPrivate, WRITING, type Change } from "./change.ts";
import { commandLine, gitLine, pathWord } from "../base/program.ts";
import { printable } from "../base/escape.ts";
import { entryAt, textAt, type Disk } from "../repository/disk.ts";
import { adminPortNotes } from "./contradictions/admin-ports.ts";
import { COMPOSE_FILE, nameNotes } from "./compose-names.ts";
import { crlfNotes, hasCrlf } from "./line-ends.ts";
import type { ConflictPrompts, Request } from "./request.ts";
import {
  IGNORE_FILE,
  secretStatus,
  type SecretStatus,
} from "../repository/ignored.ts";
import type { Tree } from "../render/render.ts";
import {
  fillSecrets,
  lacksSecret,
  ownText,
  SECRET_FILE,
} from "../render/secrets.ts";
import { whyUnreadable, whyUnusable } from "./unusable.ts";
import { refusedCompose } from "./required-variables.ts";
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
    ...absentNotes(changes, rendered),
    ...riskNotes(request.directory, changes, disk),
    ...passwordNotes(request, known),
    ...nameNotes(request.directory),
    ...adminPortNotes(request.directory),
  ];
}

/** Private files that the owner keeps and that others can read. */
function privacyNotes(directory: string, changes: readonly Change[]): string[] {
  return changes.flatMap(({ path, action, before, after }) => {
    if (before === null || !["keep", "same"].includes(action)) return [];
    if (after && isPrivate(after) && !isPrivate(before))
      return [
        `Others can read your ${path}: chmod 600 ${pathWord(directory, path)}`,
      ];
    return [];
  });
}

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

export const takeGenerated = (directory: string): string =>
  commandLine("regenerate", directory, "--conflict", "theirs");

/**
 * What to do about a file that is not usable.
 * @param text on disk, with its secrets
 * @param theirs the command that takes the generated text; undefined if no repository was written
 */
export function unusableRemedy(
  path: string,
  text: string,
  rendered: Tree,
  theirs: string | undefined,
): string {
  const generated = rendered.get(path)?.text ?? "";
  if (path !== SECRET_FILE || !lacksSecret(text, generated))
    return theirs === undefined
      ? "Correct it, or take the generated text with --conflict theirs."
      : `Correct it, or take the generated text:\n  ${theirs}`;
  const start =
    "If the server has a database already, set its password: it is in .env on the server, or in a backup. Otherwise";
  if (theirs === undefined)
    return `${start} --conflict theirs makes a new one.`;
  // As generated but for a password: there is nothing to take.
  const isSame = ownText(path, text) === generated;
  return `${start} make a new one:\n  ${isSame ? "openssl rand -hex 32" : theirs}`;
}

/**
 * Files that the program which reads them would refuse after this run. Loads the parsers only if a file is
 * kept: all others have passed them.
 */
export async function unusableNotes(
  { directory, previous, dryRun }: Request,
  { changes, rendered, disk }: Known,
): Promise<string[]> {
  // A create that is refused, or only shown, leaves no repository to regenerate.
  const isThere =
    previous !== undefined ||
    !(dryRun || changes.some(({ action }) => action === "conflict"));
  const theirs = isThere ? takeGenerated(directory) : undefined;
  const isKept = changes.some(({ action }) => action === "keep");
  const syntax = isKept ? await import("../merge/syntax.ts") : undefined;
  const found = changes.flatMap(({ path, from = path, action, after }) => {
    const there = textAt(disk, from);
    const text =
      after && WRITING.has(action) ? fillSecrets(after.text, there) : there;
    if (text === undefined || !rendered.has(path)) return [];
    const whyInvalid = action === "keep" ? syntax?.whyInvalid : undefined;
    const reason = whyUnusable(path, text, rendered, whyInvalid);
    return reason
      ? [
          {
            path,
            text: `${path} is not usable: ${printable(reason)}. ${unusableRemedy(path, text, rendered, theirs)}`,
            isCrlf: hasCrlf(path, text),
          },
        ]
      : [];
  });
  const obstacles = changes.flatMap(({ path, action }) => {
    const reason = whyUnreadable(path, entryAt(disk, path));
    return action === "keep" && reason && rendered.has(path)
      ? [
          `${path} is not usable: ${printable(reason)}. Move it out of the way, then run:\n  ${commandLine("regenerate", directory, "--conflict", "theirs")}`,
        ]
      : [];
  });
  const crlf = found.filter(({ isCrlf }) => isCrlf).map(({ path }) => path);
  return [
    ...crlfNotes(directory, crlf),
    ...found.filter(({ isCrlf }) => !isCrlf).map((one) => one.text),
    ...obstacles,
    ...refusedNotes(directory, changes),
  ];
}

/**
 * The compose files that docker compose refuses after this run. If this run changes .env, what the
 * owner's own files need is a manual step.
 */
function refusedNotes(directory: string, changes: readonly Change[]): string[] {
  const written = changes.flatMap(({ path, action, after }) =>
    after && WRITING.has(action) ? [[path, after.text] as const] : [],
  );
  const texts = new Map(written);
  return refusedCompose(directory, texts)
    .filter(({ path }) => path === COMPOSE_FILE || !texts.has(SECRET_FILE))
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
const absentNotes = (changes: readonly Change[], rendered: Tree): string[] =>
  changes.some(({ path, action }) => path === SECRET_FILE && action === "gone")
    ? [absentSecretText(rendered)]
    : [];

/** What a missing .env means. */
export function absentSecretText(rendered: Tree): string {
  const generated = rendered.get(SECRET_FILE)?.text ?? "";
  const password = lacksSecret("", generated) ? ", with a new password" : "";
  return `.env is not in this copy, because git does not have it. The server keeps its own. If it has none, apply.sh makes one from .env.example${password}.`;
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
      ? `git tracks your .env, which is for secrets. Run:\n  ${gitLine(directory, "rm --cached .env")}\nIf it was ever committed, change them.`
      : "git would commit your .env, which is for secrets: add a line .env to .gitignore.",
  ];
}
