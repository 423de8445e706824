import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deniedError, FailedError } from "../base/errors.ts";
import { parentInTheWay } from "./disk.ts";
import { isInside } from "./inside.ts";
import { sha256, STATE_FILE } from "./state.ts";
import { readIfThere } from "./write.ts";

// A write into a directory in use is prepared in WORK, behind a journal. If the run is killed, the
// next one rolls the write back, or completes it. Once it is done, WORK becomes UNDO.

/** Where a write is prepared. While it is there, a run is writing or was killed. */
export const WORK = ".kong-ipv6.tmp";

/** What the last write replaced. */
export const UNDO = ".kong-ipv6.undo";

/** Enough to undo a write, while it is going on and later. */
export interface Journal {
  /** In the order they are written. The file that one replaces is kept as old/<index>. */
  readonly files: readonly JournalEntry[];
  /** Directories that the write makes, parents first. */
  readonly made: readonly string[];
  /** Directories that the write removes once they are empty, parents first. */
  readonly removed: readonly Directory[];
  /** Directories that the write found empty. */
  readonly filled: readonly string[];
  /** Whether the write is an undo: undoing that redoes. */
  readonly undo?: true;
  /** Whether only the state is written: then UNDO keeps the write before. */
  readonly stateOnly?: true;
}

/** A directory relative to the repository, and its permission bits. */
export interface Directory {
  readonly path: string;
  readonly mode: number;
}

interface JournalEntry {
  readonly path: string;
  readonly replaced: boolean;
  /** Of what is written, to notice later edits. null for a file that is deleted. */
  readonly sha256: string | null;
  /** Permission bits of what is written. */
  readonly mode: number;
}

/** Where a file that is replaced is kept, in WORK or UNDO. */
export const oldPath = (home: string, index: number): string =>
  join(home, "old", String(index));

/** Where a new file is prepared. It is there until the file is in its place. */
export const newPath = (home: string, index: number): string =>
  join(home, "new", String(index));

/** Whether the new file was not moved to its place. The target is unchanged, or deleted if the operation deletes it. */
export const isPending = (home: string, index: number): boolean =>
  existsSync(newPath(home, index));

/**
 * The journal in WORK or UNDO; undefined if there is none. The directory may come from anyone, so no
 * path of the journal may lead out of it.
 * @throws FailedError if it can't be trusted
 */
export function readJournal(
  directory: string,
  where: typeof WORK | typeof UNDO,
): Journal | undefined {
  const home = join(directory, where);
  try {
    if (!lstatSync(home).isDirectory()) throw new Error("not a directory");
    const text = readIfThere(join(home, "journal.json"));
    if (text === "") return undefined;
    const journal = JSON.parse(text) as Journal;
    const { files, made, removed, filled } = journal;
    const paths = [
      ...[...files, ...removed].map(({ path }) => path),
      ...made,
      ...filled,
    ];
    if (paths.some((path) => leadsOut(directory, path)))
      throw new Error("a path leads out of its directory");
    if (!removed.every(({ mode }) => Number.isInteger(mode)))
      throw new Error("a directory has no mode");
    refuseLink(home, "old");
    refuseMissing(home, journal);
    return journal;
  } catch (error) {
    if (error instanceof FailedError) throw error;
    const denied = deniedError(error);
    if (denied) throw denied;
    throw new FailedError(
      `${home} was not left by create-kong-ipv6`,
      "Look at it, and move it away.",
      { cause: error },
    );
  }
}

/** @throws if a directory in WORK or UNDO is something else, such as a link that leads out */
function refuseLink(home: string, name: string): void {
  const stat = lstatSync(join(home, name), { throwIfNoEntry: false });
  if (stat?.isDirectory() === false) throw new Error(`${name} is a link`);
}

/** @throws if a file that was replaced is missing from UNDO, or is not a plain file */
function refuseMissing(home: string, { files }: Journal): void {
  for (const [index, { path, replaced }] of files.entries()) {
    if (!replaced) continue;
    const old = lstatSync(oldPath(home, index), { throwIfNoEntry: false });
    if (old?.isFile() === false) throw new Error("not a plain file");
    // WORK may lack some: they are copied there before the journal is written.
    if (old === undefined && home.endsWith(UNDO))
      throw new FailedError(
        `${home} is incomplete: the previous ${path} is missing`,
        "Take it from git or a backup. Without that directory, the write can't be undone.",
      );
  }
}

function leadsOut(directory: string, path: string): boolean {
  return (
    (path !== STATE_FILE && !isInside(path)) ||
    parentInTheWay(directory, path) !== undefined
  );
}

/** The journal of the last write; undefined if there is none that can be trusted. */
export function lastWrite(directory: string): Journal | undefined {
  if (!existsSync(join(directory, UNDO))) return undefined;
  try {
    return readJournal(directory, UNDO);
  } catch (error) {
    if (error instanceof FailedError) return undefined;
    throw error;
  }
}

/** sha256 of a file; null if it is absent or not a plain file. */
export function hashOf(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile()
    ? sha256(readFileSync(path))
    : null;
}
