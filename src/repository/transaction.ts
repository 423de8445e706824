import {
  existsSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ChangedError, codeOf, FailedError } from "../base/errors.ts";
import {
  complete,
  discard,
  dropPreviousUndo,
  editedError,
  rollBack,
} from "./finish.ts";
import {
  hashOf,
  lastWrite,
  newPath,
  oldPath,
  WORK,
  type Directory,
  type Journal,
} from "./journal.ts";
import { lock } from "./lock.ts";
import type { Operation } from "./operation.ts";
import { recovery } from "./recover.ts";
import { sha256, STATE_FILE } from "./state.ts";
import {
  copy,
  makeMissing,
  nearestParent,
  ownLike,
  parentsOf,
  permissionsOf,
  remedyFor,
  writeOne,
} from "./write.ts";

/** What a write does to directories, in addition to those that its files need. */
export interface Directories {
  /** To make if they are missing, parents first. */
  readonly make: readonly Directory[];
  /** The only ones that may be removed once they are empty. */
  readonly remove: ReadonlySet<string>;
}

/**
 * Writes files into a directory in use, all or none.
 * @param directories if absent, directories that files need are made, and those that become empty are removed
 * @throws FailedError if another run is writing, a file has changed since it was compared, or the
 *   repository is half written; for any other error it is unchanged
 */
export function writeInto(
  directory: string,
  operations: readonly Operation[],
  directories?: Directories,
): void {
  lock(directory);
  let journal: Journal | undefined;
  try {
    journal = prepared(directory, operations, directories);
    commit(directory, operations, journal, directories?.make ?? []);
    complete(directory, journal);
  } catch (error) {
    takeBack(directory, journal, error);
    throw error;
  }
  dropPreviousUndo(directory);
}

/**
 * Undoes a write that failed.
 * @throws FailedError if that fails too; EditedError if the owner has edited files of that write
 */
function takeBack(
  directory: string,
  journal: Journal | undefined,
  cause: unknown,
): void {
  let edited: string[] = [];
  try {
    if (journal === undefined) discard(directory);
    else edited = rollBack(directory, journal);
  } catch (error) {
    // Without its journal, the rest of WORK is ignored: the repository is as it was.
    if (!existsSync(join(directory, WORK, "journal.json"))) return;
    const next = recovery(directory) === "completed" ? "completes" : "undoes";
    throw new FailedError(
      `the write into ${directory} failed halfway (${codeOf(cause)}) and can't be undone now (${codeOf(error)}); the next run ${next} it`,
      remedyFor(codeOf(error)),
      { cause },
    );
  }
  if (edited.length > 0)
    throw editedError(
      `${directory} can't be written (${codeOf(cause)}). What was written was undone`,
      edited,
    );
}

/** Fills WORK, the journal last. The repository itself is not touched. */
function prepared(
  directory: string,
  operations: readonly Operation[],
  directories: Directories | undefined,
): Journal {
  const work = join(directory, WORK);
  // It holds old secrets, and the repository's own .gitignore may be gone.
  writeFileSync(join(work, ".gitignore"), "*\n", { flag: "wx" });
  const stateOnly = !directories && writesStateOnly(directory, operations);
  const journal: Journal = {
    ...stage(directory, operations, directories),
    ...(stateOnly && { stateOnly }),
    // Only undo says what becomes of directories.
    ...(directories && !lastWrite(directory)?.undo && { undo: true }),
  };
  const text = JSON.stringify(journal);
  writeFileSync(join(work, "journal.part"), text, { flag: "wx" });
  for (const name of ["", ...readdirSync(work)])
    ownLike(join(work, name), statSync(directory));
  return journal;
}

/** Moves every file to its place. From here on, the write is rolled back if the run is killed. */
function commit(
  directory: string,
  operations: readonly Operation[],
  { made, removed }: Journal,
  make: readonly Directory[],
): void {
  const work = join(directory, WORK);
  renameSync(join(work, "journal.part"), join(work, "journal.json"));
  const modes = new Map(make.map(({ path, mode }) => [path, mode]));
  for (const parent of made)
    makeMissing(join(directory, parent), modes.get(parent));
  const removable = new Set(removed.map(({ path }) => path));
  for (const [index, { path, content }] of operations.entries()) {
    const next = newPath(work, index);
    if (content !== null) renameSync(next, join(directory, path));
    else {
      rmSync(join(directory, path));
      rmSync(next);
      removeEmpty(directory, path, removable);
    }
  }
}

/** Whether only the state is replaced, after a write that undo can undo. */
function writesStateOnly(
  directory: string,
  operations: readonly Operation[],
): boolean {
  return (
    operations.every(
      ({ path, expected }) => path === STATE_FILE && expected !== null,
    ) && lastWrite(directory) !== undefined
  );
}

/** Copies the existing files to WORK/old and prepares the new ones in WORK/new. */
function stage(
  directory: string,
  operations: readonly Operation[],
  { make = [], remove }: Partial<Directories> = {},
): Journal {
  const missing = make
    .map(({ path }) => path)
    .filter((path) => !existsSync(join(directory, path)));
  const made = new Set(missing);
  const removed = new Map<string, Directory>();
  const filled = new Set<string>();
  const files = operations.map((operation, index) => {
    const { path, content, mode } = operation;
    const replaced = stageFile(directory, operation, index);
    for (const parent of parentsOf(path)) {
      const at = join(directory, parent);
      if (content === null) {
        if (remove?.has(parent) ?? true)
          removed.set(parent, { path: parent, mode: permissionsOf(at) });
      } else if (!existsSync(at)) made.add(parent);
      else if (readdirSync(at).length === 0) filled.add(parent);
    }
    const sum = content === null ? null : sha256(content);
    return { path, replaced, sha256: sum, mode };
  });
  return {
    files,
    made: [...made],
    removed: [...removed.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    filled: [...filled],
  };
}

/**
 * @returns whether a file is replaced
 * @throws ChangedError if it isn't the file that was compared
 */
function stageFile(
  directory: string,
  { path, content, mode, expected }: Operation,
  index: number,
): boolean {
  const work = join(directory, WORK);
  const target = join(directory, path);
  const there = lstatSync(target, { throwIfNoEntry: false });
  const old = oldPath(work, index);
  if (there) copy(target, old);
  if ((there ? hashOf(old) : null) !== expected) throw new ChangedError(path);
  // For a deletion, the prepared file is empty. It is there until the deletion is done.
  const next = newPath(work, index);
  writeOne(next, content ?? "", mode);
  ownLike(next, there ?? nearestParent(target));
  return there !== undefined;
}

/** Removes the directories around a path that are empty and may be removed. */
function removeEmpty(
  directory: string,
  path: string,
  removable: ReadonlySet<string>,
): void {
  for (const parent of parentsOf(path).reverse()) {
    const at = join(directory, parent);
    if (!removable.has(parent) || !existsSync(at)) return;
    if (readdirSync(at).length > 0) return;
    rmdirSync(at);
  }
}
