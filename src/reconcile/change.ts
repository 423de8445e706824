import type { File } from "../render/render.ts";
import type { Rewrite } from "../renumber/rewrite.ts";
import type { Owned } from "../renumber/ownership.ts";
import type { Marks } from "../repository/state.ts";

/** What was generated last, and how to rewrite its values to the new ones. */
export interface Base {
  readonly sha256: string;
  readonly mode: number;
  /** Unknown for a verbatim file that the generator has changed since. */
  readonly text: string | undefined;
  readonly rewrite: Rewrite;
  /** Updates a copy that is older than the base (.env, which git ignores). */
  readonly update?: Rewrite;
  /** Values of the owner's own in the owner's text that equal the plan's. */
  readonly owned?: Owned;
  /** The same for the text after this run. */
  readonly ownedAfter?: (
    before: string,
    after: string,
    generated: string,
  ) => Marks | undefined;
}

/**
 * - create: there is no file
 * - same: the file is as it would be written
 * - update: the owner did not edit it, or chose the generated text
 * - merge: the owner's edits and the new text together
 * - keep: the owner's file stays: there is nothing new, or the owner chose so
 * - gone: the owner deleted it; it stays deleted
 * - delete: no longer generated, and the owner did not edit it
 * - orphan: no longer generated, but the owner edited it: it stays
 * - markers: both texts with conflict markers, as the owner chose
 * - conflict: the owner has not chosen yet
 */
export type Action =
  | "create"
  | "same"
  | "update"
  | "merge"
  | "keep"
  | "gone"
  | "delete"
  | "orphan"
  | "markers"
  | "conflict";

export interface Change {
  readonly path: string;
  readonly action: Action;
  /** What is on the disk, secrets redacted; null if there is no text. */
  readonly before: File | null;
  /** The file after this run; for conflict, keep and gone: the file that would be written. null: no file. */
  readonly after: File | null;
  /** Values of the owner's own in the text after this run that equal the plan's. */
  readonly owned?: Marks;
  /** The reason, if the action alone does not say it. */
  readonly reason?: string;
  /** The old path, if the path changed. */
  readonly from?: string;
  /** For gone: the file's name now. */
  readonly renamed?: string;
  /** For keep: the owner chose it in a conflict. */
  readonly chosen?: true;
  /** For a conflict: both texts with markers; undefined if the file has markers already. */
  readonly marked?: string;
  /** For a conflict: the new text in the conflicting hunks only, and their number; else `after` is taken. */
  readonly theirs?: { readonly file: File; readonly hunks: number };
  /** Where the text after this run contradicts the answers (contradictions/), or that the server needs it, if it was deleted. */
  readonly contradicts?: readonly string[];
  /** The owner chose the new text: the number of hunks, or 0 for the whole file. */
  readonly taken?: number;
  /** For a conflict: the changes if the owner keeps the file, where its path or mode changes. */
  readonly kept?: readonly Change[];
  /** For a conflict: why no `.new` file can be written. */
  readonly noSidecar?: string;
  /** The `.new` file has this text already, or is deleted, because the conflict is resolved. */
  readonly sidecar?: "unchanged" | "obsolete";
}

/** The actions that change the disk. */
export const WRITING: ReadonlySet<Action> = new Set([
  "create",
  "update",
  "merge",
  "delete",
  "markers",
]);

/** The text of a conflict that would be written. Every conflict has one. */
export const textToWrite = ({ after }: Change): File => after as File;

/** Why a file that create-kong-ipv6 did not write is left alone. */
export const FOREIGN = "create-kong-ipv6 did not write it";

/** apply.sh installs every file below host/, also one that is no longer generated. */
export const isInstalled = (path: string): boolean => path.startsWith("host/");

export const STILL_INSTALLED =
  "it is no longer generated, but apply.sh installs every file in host/";

/** Whether the server can't do without a file. */
export const isNeeded = (path: string): boolean =>
  path === "docker-compose.yml" || /^(scripts|host)\//.test(path);

export const DELETED = "deleted, but the server needs it";

/** Whether a file in conflict had conflict markers before this run: it is left to the owner. */
export const hasOldMarkers = ({ action, before, marked }: Change): boolean =>
  action === "conflict" && before !== null && marked === undefined;

type Mode = Pick<File, "mode">;

export const isPrivate = ({ mode }: Mode): boolean => (mode & 0o077) === 0;

export const isExecutable = ({ mode }: Mode): boolean => (mode & 0o100) !== 0;

/** A sentence about what is in a file's place (DiskEntry): `it is a directory`, `x is a symbolic link`. */
export const whatIsThere = (what: string): string =>
  /^(an? |not a |unreadable)/.test(what) ? `it is ${what}` : what;
