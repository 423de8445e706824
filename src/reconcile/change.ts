import type { File } from "../render/render.ts";
import type { Rewrite } from "../renumber/rewrite.ts";
import type { Owned } from "../renumber/ownership.ts";
import type { Marks } from "../repository/state.ts";

/** What was last generated, and how its values are followed to the new ones. */
export interface Base {
  readonly sha256: string;
  readonly mode: number;
  /** Unknown for a verbatim file that the generator has changed since. */
  readonly text: string | undefined;
  readonly rewrite: Rewrite;
  /** Brings a copy that is older than the base up to it (.env, which git doesn't carry). */
  readonly update?: Rewrite;
  /** What of the owner's text reads like the plan's values, and is the owner's own. */
  readonly owned?: Owned;
  /** The same of the text that it becomes, next to what is generated then. */
  readonly ownedAfter?: (
    before: string,
    after: string,
    generated: string,
  ) => OwnedAfter | undefined;
}

/** What of the owner's text the state has to know. */
interface OwnedAfter {
  /** What is the owner's own though it reads like the plan's values. */
  readonly owned?: Marks;
}

/**
 * - create: nothing is there
 * - same: what is there is what would be written
 * - update: the owner hasn't touched it, or has said to take the generated one
 * - merge: the owner's edits and the new text together
 * - keep: the owner's file stays: nothing new for it, or by the owner's word
 * - gone: the owner deleted it, it stays deleted
 * - delete: generated no more, and the owner hasn't touched it
 * - orphan: generated no more, but the owner edited it: it stays
 * - markers: both texts, with conflict markers, by the owner's word
 * - conflict: the owner hasn't said what to do
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

export interface Change extends OwnedAfter {
  readonly path: string;
  readonly action: Action;
  /** What is there, secrets redacted; null where there is nothing that can be shown. */
  readonly before: File | null;
  /** What shall be there; for conflict, keep and gone what would have been; null for nothing. */
  readonly after: File | null;
  /** Why, where the action alone doesn't say. */
  readonly reason?: string;
  /** Where the file was before, if its path changed. */
  readonly from?: string;
  /** For a conflict: both texts with markers; none where the file has some already. */
  readonly marked?: string;
  /** For a conflict: why the new text can't lie beside the file. */
  readonly noSidecar?: string;
}

/** The actions after which the disk is another. */
export const WRITING: ReadonlySet<Action> = new Set([
  "create",
  "update",
  "merge",
  "delete",
  "markers",
]);

/** Why a file that create-kong-ipv6 did not write is left alone. */
export const FOREIGN = "a file that is not ours";

export const isPrivate = ({ mode }: File): boolean => (mode & 0o077) === 0;
