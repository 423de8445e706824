import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { codeOf, lookAtTarget } from "./disk.ts";
import { FailedError } from "./errors.ts";
import { sha256 } from "./state.ts";

/** One file to write, or to take away. */
export interface Operation {
  readonly path: string;
  /** null takes the file away. */
  readonly content: Uint8Array | null;
  /** Permission bits. */
  readonly mode: number;
  /** sha256 of what was there when this was decided; null for nothing. Else the write is refused. */
  readonly expected: string | null;
}

/** Where a write into an existing directory is prepared, and what shows that it was cut off. */
const WORK = ".kong-ipv6.tmp";

/** What the last write replaced: WORK as it was when it was done. */
export const UNDO = ".kong-ipv6.undo";

/** What journal.json says: enough to take a write back, while it is going on and later. */
export interface Journal {
  readonly files: readonly JournalEntry[];
  /** Directories that the write made, parents first. */
  readonly made: readonly string[];
}

interface JournalEntry {
  readonly path: string;
  /** Whether a file was there: then it lies under old/ by its index. */
  readonly replaced: boolean;
  /** sha256 of what was written; null where the file was taken away. */
  readonly written: string | null;
}

/**
 * Brings operations to the disk in their order, all or nothing. A directory that isn't there yet
 * (or is empty) appears whole, by one rename(2). Files of a directory in use are prepared beside
 * it and moved in one by one behind a journal; recover() takes back what was cut off.
 * @param prepare run on the whole before it appears (for git)
 * @throws FailedError; what was there is as it was
 */
export function apply(
  directory: string,
  operations: readonly Operation[],
  prepare: (directory: string) => void = () => {},
): void {
  try {
    if (appearsWhole(directory)) writeNew(directory, operations, prepare);
    else {
      writeInto(directory, operations);
      prepare(directory);
    }
  } catch (error) {
    if (error instanceof FailedError || codeOf(error) === String(error))
      throw error;
    throw new FailedError(
      `${directory} can't be written (${codeOf(error)}); it is as it was`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
}

/**
 * Takes back what a run that was cut off had begun in a directory.
 * @returns whether there was anything
 * @throws FailedError where that run is still at it
 */
export function recover(directory: string): boolean {
  const work = join(directory, WORK);
  if (!existsSync(work)) return false;
  const pid = Number(readIfThere(join(work, "pid")));
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new FailedError(
      `another run (process ${pid}) is writing to ${directory}`,
      "Wait until it has ended.",
    );
  }
  const journal = readIfThere(join(work, "journal.json"));
  if (journal !== "") takeBack(directory, JSON.parse(journal) as Journal);
  rmSync(work, { recursive: true });
  return true;
}

function appearsWhole(directory: string): boolean {
  const target = lookAtTarget(directory);
  // A directory that somebody stands in must stay the same one.
  return (
    target === "absent" ||
    (target === "empty" && realpathSync(directory) !== process.cwd())
  );
}

function writeNew(
  directory: string,
  operations: readonly Operation[],
  prepare: (directory: string) => void,
): void {
  // The topmost directory that is missing is what appears.
  let top = directory;
  while (!existsSync(dirname(top))) top = dirname(top);
  const parent = dirname(top);
  const mark = `.${basename(top)}.kong-ipv6-`;
  removeLeftovers(parent, mark);
  const staging = join(parent, `${mark}${process.pid}`);
  try {
    mkdirSync(staging);
    const inside = join(staging, relative(top, directory));
    for (const operation of operations)
      writeOne(join(inside, operation.path), operation);
    prepare(inside);
    if (existsSync(top)) keepOwnership(staging, realpathSync(top));
    renameSync(staging, existsSync(top) ? realpathSync(top) : top);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/** What killed runs left beside the target. */
function removeLeftovers(parent: string, mark: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(mark) ? Number(name.slice(mark.length)) : 0;
    if (pid > 0 && !isAlive(pid))
      rmSync(join(parent, name), { recursive: true });
  }
}

function keepOwnership(staging: string, existing: string): void {
  const { mode, uid, gid } = statSync(existing);
  const own = statSync(staging);
  if (own.uid !== uid || own.gid !== gid) chownSync(staging, uid, gid);
  chmodSync(staging, mode & 0o7777);
}

function writeInto(directory: string, operations: readonly Operation[]): void {
  const work = join(directory, WORK);
  lock(directory);
  let journal: Journal | undefined;
  try {
    journal = stage(directory, operations);
    writeFileSync(join(work, "journal.part"), JSON.stringify(journal));
    renameSync(join(work, "journal.part"), join(work, "journal.json"));
    for (const parent of journal.made) mkdirSync(join(directory, parent));
    for (const [index, { path, content }] of operations.entries()) {
      if (content !== null)
        renameSync(join(work, "new", String(index)), join(directory, path));
      else {
        rmSync(join(directory, path));
        rmSync(join(work, "new", String(index)));
        removeEmpty(directory, dirname(path));
      }
    }
  } catch (error) {
    if (journal !== undefined) takeBack(directory, journal);
    rmSync(work, { recursive: true });
    throw error;
  }
  rmSync(join(work, "pid"));
  rmSync(join(directory, UNDO), { recursive: true, force: true });
  renameSync(work, join(directory, UNDO));
}

/** Keeps what is there, prepares what shall be there; nothing is changed yet. */
function stage(directory: string, operations: readonly Operation[]): Journal {
  const work = join(directory, WORK);
  mkdirSync(join(work, "old"));
  mkdirSync(join(work, "new"));
  const made = new Set<string>();
  const files = operations.map((operation, index): JournalEntry => {
    const { path, content, expected } = operation;
    const target = join(directory, path);
    const replaced = existsSync(target);
    if (replaced) copyWithMode(target, join(work, "old", String(index)));
    const found = replaced
      ? sha256(readFileSync(join(work, "old", String(index))))
      : null;
    if (found !== expected) {
      throw new FailedError(
        `${path} was changed meanwhile; nothing was written`,
        "Run again.",
      );
    }
    // An empty file stands for one that shall go, until it is gone.
    writeOne(join(work, "new", String(index)), {
      ...operation,
      content: content ?? new Uint8Array(),
    });
    if (content !== null)
      missingParents(directory, path).forEach((parent) => made.add(parent));
    return {
      path,
      replaced,
      written: content === null ? null : sha256(content),
    };
  });
  return { files, made: [...made] };
}

function takeBack(directory: string, { files, made }: Journal): void {
  const work = join(directory, WORK);
  for (const [index, { path, replaced }] of files.entries()) {
    const target = join(directory, path);
    // What is still under new/ was never moved: the target is untouched.
    if (
      existsSync(join(work, "new", String(index))) &&
      existsSync(target) === replaced
    )
      continue;
    if (replaced) {
      mkdirSync(dirname(target), { recursive: true });
      copyWithMode(join(work, "old", String(index)), target);
    } else rmSync(target, { force: true });
  }
  for (const parent of [...made].reverse()) removeEmpty(directory, parent);
}

/** Removes a directory and then its parents, as long as they are empty. */
function removeEmpty(directory: string, path: string): void {
  for (let parent = path; parent !== "."; parent = dirname(parent)) {
    const full = join(directory, parent);
    if (!existsSync(full) || readdirSync(full).length > 0) return;
    rmdirSync(full);
  }
}

/** Whoever makes WORK may write; who finds it there may not. */
function lock(directory: string): void {
  try {
    mkdirSync(join(directory, WORK), { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    throw new FailedError(
      `another run is writing to ${directory}`,
      "Wait until it has ended.",
    );
  }
  writeFileSync(join(directory, WORK, "pid"), String(process.pid));
}

function copyWithMode(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, statSync(from).mode & 0o7777);
}

/** Parents of a path that are not there, topmost first, relative to the directory. */
function missingParents(directory: string, path: string): string[] {
  const missing: string[] = [];
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
    if (!existsSync(join(directory, parent))) missing.unshift(parent);
  }
  return missing;
}

function writeOne(path: string, { content, mode }: Operation): void {
  mkdirSync(dirname(path), { recursive: true });
  // Never readable by others for a moment: the mode is there from the start.
  writeFileSync(path, content ?? "", { mode, flag: "wx" });
  chmodSync(path, mode);
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function remedyFor(code: string): string {
  const remedies: Record<string, string> = {
    ENOSPC: "Make room on that disk, or name a directory on another.",
    EDQUOT:
      "Your disk quota is used up: make room, or name a directory on another disk.",
    EACCES:
      "You may not write there: name another directory, or change who may.",
    EPERM:
      "You may not write there: name another directory, or change who may.",
    EROFS: "That file system is read-only: name a directory on another.",
    ENOTEMPTY:
      "Something else was put there meanwhile: look at it and run again.",
    ENAMETOOLONG: "Name a directory with a shorter path.",
  };
  return remedies[code] ?? "Name another directory.";
}
