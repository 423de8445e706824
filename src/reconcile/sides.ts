import type { DiskEntry } from "../repository/disk.ts";
import type { File } from "../render/render.ts";
import {
  keepSecrets,
  redactSecrets,
  SECRET_FILE,
  withoutKept,
} from "../render/secrets.ts";
import { sumOfText } from "../repository/state.ts";
import { generatedFile } from "../render/generated-files.ts";
import {
  isExecutable,
  isPrivate,
  type Action,
  type Base,
  type Change,
} from "./change.ts";
import { keepVariables } from "./variables.ts";

/** The texts of one file that is there; all have the line ends of the disk. */
export interface Sides {
  readonly path: string;
  /** What was generated last; undefined if nothing was, or if its text isn't known (see Base). */
  readonly base: string | undefined;
  readonly rendered: string;
  /** What is on the disk, secrets redacted. */
  readonly before: File;
  /** The same without what keepSecrets() added. */
  readonly disk: string;
  /** The same, updated to the base if it is an older copy (.env). */
  readonly yours: string;
  /** Of the result. */
  readonly mode: number;
}

export function sidesOf(
  path: string,
  base: Base | undefined,
  entry: DiskEntry & { readonly kind: "file" },
  rendered: File,
): Sides {
  // A line with other line ends than most lines of the file is an edit.
  const ends = (text: string): string =>
    isCrlf(entry.text) ? text.replaceAll("\n", "\r\n") : text;
  const text = redactSecrets(path, entry.text);
  const disk = withoutKept(text);
  // The text of a verbatim file is read only if another one is there.
  const isThere =
    rendered.sha256 !== undefined && sumOfText(entry.text) === rendered.sha256;
  const next = ends(isThere ? entry.text : rendered.text);
  const yours = base?.update?.(disk) ?? disk;
  // The owner's mode stays, but a program stays executable, and our .env private.
  const isOwners = base ? entry.mode !== base.mode : yours === next;
  const owners = isOwners ? executableAs(rendered, entry.mode) : rendered.mode;
  const mode = base && generatedFile(path)?.secret ? owners & ~OTHERS : owners;
  return {
    path,
    base: base && baseText(base, yours, ends),
    rendered: next,
    before: { text, mode: entry.mode },
    disk,
    yours,
    mode,
  };
}

/** The permissions of all but the file's owner. */
const OTHERS = 0o077;

/** The mode, with execute permission for everyone who can read the file, if the generated file is executable. */
const executableAs = (rendered: File, mode: number): number =>
  isExecutable(rendered) && !isExecutable({ mode })
    ? mode | ((mode & 0o444) >> 2)
    : mode;

/** The base's text, if the file is untouched or its text is known. */
function baseText(
  base: Base,
  yours: string,
  ends: (text: string) => string,
): string | undefined {
  const plain = yours.replaceAll("\r\n", "\n");
  if (sumOfText(plain) === base.sha256 && ends(plain) === yours) return yours;
  return base.text === undefined ? undefined : ends(base.text);
}

/** A change that writes a text; "same" if the disk has it already. */
export function written(sides: Sides, action: Action, text: string): Change {
  const { path, before, mode } = sides;
  const after = { text: keepSecrets(text, before.text), mode };
  const isSame = after.text === before.text;
  if (isSame && mode === before.mode)
    return { path, action: "same", before, after };
  const reason =
    generatedFile(path)?.secret && !isPrivate(before)
      ? "mode 600: others could read it"
      : isSame
        ? "only its mode"
        : undefined;
  return { path, action, before, after, ...(reason && { reason }) };
}

export function kept(sides: Sides): Change {
  const { path, before, disk, mode } = sides;
  if (mode !== before.mode) return written(sides, "merge", disk);
  const after = { text: disk, mode };
  return { path, action: "keep", before, after, reason: "your edits" };
}

/** @param marked both texts with conflict markers */
export function conflict(
  sides: Sides,
  reason: string,
  marked?: string,
): Change {
  const { path, before, rendered, mode } = sides;
  const text =
    path === SECRET_FILE ? keepVariables(rendered, before.text) : rendered;
  return {
    path,
    action: "conflict",
    before,
    after: { text, mode },
    reason,
    ...(marked !== undefined && { marked }),
  };
}

/** Windows line ends, if most lines have them. */
export function isCrlf(text: string): boolean {
  const crlf = text.split("\r\n").length - 1;
  return crlf > 0 && crlf * 2 > text.split("\n").length - 1;
}
