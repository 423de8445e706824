import {
  existsSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { attempt, EditedError } from "../base/errors.ts";
import {
  hashOf,
  isPending,
  lastWrite,
  oldPath,
  UNDO,
  WORK,
  type Journal,
} from "./journal.ts";
import { namesHolder } from "./lock.ts";
import { parseState } from "./state-reader.ts";
import { STATE_FILE } from "./state.ts";
import {
  copy,
  ignoringFailure,
  makeDirectory,
  makeMissing,
  readIfThere,
} from "./write.ts";

// How a write ends: completed, or rolled back.

/**
 * Completes a write whose files are all in their places: what they replaced is kept for undo. A first
 * write that made the whole repository keeps nothing: undo reads the state instead. At every moment
 * there is the old undo or the new one.
 */
export function complete(directory: string, journal: Journal): void {
  const { files, filled, stateOnly } = journal;
  if (stateOnly) {
    amendUndo(directory, journal);
    return discard(directory);
  }
  const work = join(directory, WORK);
  const undo = join(directory, UNDO);
  const madeState = files.some(
    ({ path, replaced }) => path === STATE_FILE && !replaced,
  );
  const madeAll =
    filled.length === 0 &&
    !files.some(({ replaced }) => replaced) &&
    !attempt(() => parseState(readIfThere(join(directory, STATE_FILE))))
      ?.regenerated;
  const isFirst = !existsSync(undo);
  if (madeState && madeAll && isFirst) return discard(directory);
  if (!isFirst) renameSync(undo, join(work, PREVIOUS));
  renameSync(work, undo);
}

/** In WORK and UNDO: the undo of the write before. */
const PREVIOUS = "previous";

/** Drops the undo of the write before. If that fails, the write is complete nevertheless. */
export function dropPreviousUndo(directory: string): void {
  const previous = join(directory, UNDO, PREVIOUS);
  if (!existsSync(previous)) return;
  ignoringFailure(() => rmSync(previous, { recursive: true }));
}

/** UNDO still undoes the last write, whose state has been replaced since. */
function amendUndo(directory: string, { files }: Journal): void {
  const last = lastWrite(directory);
  if (last === undefined) return;
  const amended = last.files.map((entry) => {
    const now = files.find(({ path }) => path === entry.path);
    return now ? { ...entry, sha256: now.sha256, mode: now.mode } : entry;
  });
  const home = join(directory, UNDO);
  const text = JSON.stringify({ ...last, files: amended });
  const part = join(home, "journal.part");
  removeWhatIsThere(part);
  writeFileSync(part, text, { flag: "wx" });
  renameSync(part, join(home, "journal.json"));
}

/** A run that was killed may have left it. Somebody else may have made it a link that leads out. */
const removeWhatIsThere = (path: string): void =>
  rmSync(path, { recursive: true, force: true });

/**
 * Rolls a write back. It may be killed and run again. Files that the owner changed since then are kept.
 * @returns the paths of those files, each with the place of its previous text
 */
export function rollBack(directory: string, journal: Journal): string[] {
  const work = join(directory, WORK);
  for (const { path, mode } of journal.removed)
    makeMissing(join(directory, path), mode);
  const edited: string[] = [];
  for (const [index, entry] of journal.files.entries()) {
    const { path, replaced, sha256 } = entry;
    const target = join(directory, path);
    const old = oldPath(work, index);
    const there = hashOf(target);
    const isDeleted = sha256 === null && there === null;
    if (isPending(work, index) && !isDeleted) continue;
    if (there !== sha256) {
      if (replaced && there !== hashOf(old))
        edited.push(`${path} (before: ${UNDO}/old/${index})`);
    } else if (replaced) {
      makeDirectory(dirname(target));
      const back = join(work, "back");
      removeWhatIsThere(back);
      copy(old, back);
      renameSync(back, target);
    } else rmSync(target, { force: true });
  }
  for (const parent of [...journal.made].reverse()) {
    const path = join(directory, parent);
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
  if (edited.length > 0) {
    complete(directory, journal);
    dropPreviousUndo(directory);
    return edited;
  }
  const previous = join(work, PREVIOUS);
  if (existsSync(previous)) renameSync(previous, join(directory, UNDO));
  discard(directory);
  return [];
}

/** @param what ends with what was undone @param edited from rollBack() */
export const editedError = (
  what: string,
  edited: readonly string[],
): EditedError =>
  new EditedError(
    `${what}, except in files that were edited since: ${edited.join(", ")}`,
    "These hold that run's text and your edits. Compare each with its earlier version (before: ...), correct it, and run again.",
  );

/** Removes WORK. The journal goes first: without it the rest is ignored. The holder's name goes last. */
export function discard(directory: string): void {
  const work = join(directory, WORK);
  rmSync(join(work, "journal.json"), { force: true });
  const names = readdirSync(work);
  const rest = names.filter((name) => !namesHolder(name));
  for (const name of [...rest, ...names.filter(namesHolder)])
    rmSync(join(work, name), { recursive: true, force: true });
  rmdirSync(work);
}
