import type { File, Tree } from "./render.ts";
import { redactSecrets } from "./secret.ts";

/** What stands at a path before anything is written. */
export type DiskEntry =
  | { readonly kind: "absent" }
  | { readonly kind: "file"; readonly text: string; readonly mode: number }
  /** Something that can't be compared: a directory, a link, a file that is no text or can't be read. */
  | { readonly kind: "other"; readonly what: string };

export type Disk = ReadonlyMap<string, DiskEntry>;

/**
 * - create: nothing is there
 * - same: what is there is what would be written
 * - update: what is there is replaced, by the owner's word
 * - keep: the owner's file stays, by the owner's word
 * - markers: both, with conflict markers, by the owner's word
 * - conflict: a file that isn't ours is in the way, and the owner hasn't said what to do
 */
export type Action =
  "create" | "same" | "update" | "keep" | "markers" | "conflict";

export interface Change {
  readonly path: string;
  readonly action: Action;
  /** What is there, secrets redacted; null where there is nothing that can be shown. */
  readonly before: File | null;
  /** What shall be there; for `conflict` and `keep`, what would have been. */
  readonly after: File;
  /** Why it is in the way. */
  readonly reason?: string;
}

/** Compares what was rendered with what is there. Pure; nothing is decided for the owner. */
export function compare(rendered: Tree, disk: Disk): Change[] {
  return [...rendered].map(([path, after]): Change => {
    const entry = disk.get(path) ?? { kind: "absent" };
    if (entry.kind === "absent")
      return { path, action: "create", before: null, after };
    if (entry.kind === "other") {
      return {
        path,
        action: "conflict",
        before: null,
        after,
        reason: entry.what,
      };
    }
    const before = {
      text: redactSecrets(entry.text, after.text),
      mode: entry.mode,
    };
    if (before.text === after.text)
      return { path, action: "same", before, after };
    return {
      path,
      action: "conflict",
      before,
      after,
      reason: "a file that is not ours",
    };
  });
}

/** What the owner may say about a file in the way. */
export type Word = "keep" | "theirs" | "markers";

/**
 * Applies the owner's word to one conflict. What can't be compared can only be kept, or is left.
 * @param merged the text with conflict markers, asked for only where it is needed
 */
export function settle(
  change: Change,
  word: Word,
  merged: (change: Change) => string,
): Change {
  if (change.action !== "conflict") return change;
  if (word === "keep") return { ...change, action: "keep" };
  if (change.before === null) return change;
  if (word === "theirs") return { ...change, action: "update" };
  // The owner's mode, but never more open than what must stay private.
  const mode = isPrivate(change.after)
    ? change.before.mode & 0o700
    : change.before.mode;
  return {
    ...change,
    action: "markers",
    after: { text: merged(change), mode },
  };
}

export const isPrivate = ({ mode }: File): boolean => (mode & 0o077) === 0;
