import { isPrivate, type Change } from "./change.ts";
import { movedTo } from "./compare.ts";
import type { Owner, Request, Word } from "./request.ts";
import { SECRET_FILE } from "../render/secrets.ts";

/**
 * Resolves conflicts by the flag, or as the owner says when asked. Without either they stay.
 * @returns also what was chosen, for the command that repeats the run
 */
export async function resolveConflicts(
  compared: readonly Change[],
  { conflict, dryRun, former }: Request,
  owner: Owner | undefined,
): Promise<{ decided: readonly Change[]; words: readonly Word[] }> {
  const open = compared.filter(
    ({ action }) => action === "conflict" || action === "gone",
  );
  const asIs = { decided: compared, words: [] };
  if (open.length === 0) return asIs;
  if (conflict !== "ask")
    return {
      decided: compared.flatMap((change) => settle(change, conflict)),
      words: [conflict],
    };
  const conflicts = open.filter(({ action }) => action === "conflict");
  // Once: what is known to stay deleted is not asked about again.
  const deleted = open.filter(
    ({ path, action }) =>
      action === "gone" &&
      path !== SECRET_FILE &&
      former?.files[path]?.owner !== "absent",
  );
  const asked = conflicts.length + deleted.length;
  if (owner === undefined || dryRun || asked === 0) return asIs;
  const words = new Map([
    ...(await owner.askConflicts(conflicts)),
    ...(await owner.askDeleted(deleted)),
  ]);
  const wordFor = ({ path }: Change): Word => words.get(path) ?? "keep";
  return {
    decided: compared.flatMap((change) => settle(change, wordFor(change))),
    // As a flag, theirs would bring back what was deleted too.
    words: open.map(wordFor),
  };
}

/**
 * Resolves one conflict as the owner chose; "theirs" also restores a file that the owner deleted.
 * What can't be compared (a link, a directory) can only be kept.
 */
export function settle(change: Change, word: Word): Change[] {
  const { path, action, before, after, from } = change;
  if (action === "gone" && word === "theirs")
    return [{ ...change, action: "create" }];
  if (action !== "conflict") return [change];
  // A file with conflict markers: another text on top of it would be lost.
  const isOpen = before !== null && change.marked === undefined;
  if (isOpen && word !== "theirs") return [change];
  if (word === "keep") return [{ ...change, action: "keep" }];
  if (before === null || after === null) return [change];
  // The owner's mode, but a private file is never opened to others.
  const mode = isPrivate(after) ? before.mode & 0o700 : before.mode;
  const marked = { text: change.marked ?? "", mode };
  const result: Change =
    word === "theirs"
      ? { ...change, action: "update" }
      : { ...change, action: "markers", after: marked };
  if (from === undefined || result.after === null) return [result];
  const [created, deleted] = movedTo(path, from, before, result.after);
  return word === "markers"
    ? [{ ...created, action: "markers" }, deleted]
    : [created, deleted];
}
