import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { parentInTheWay } from "./disk.ts";
import { codeOf } from "../base/errors.ts";
import { deniedError, EditedError, FailedError } from "../base/errors.ts";
import type { Operation } from "./operation.ts";
import { sha256, STATE_FILE } from "./state.ts";
import {
  isAlive,
  makeDirectory,
  ownLike,
  remedyFor,
  writeOne,
} from "./write.ts";

// Files that are written into a directory in use: behind a journal, so that a run that is cut off
// can be taken back.

/** Where a write into an existing directory is prepared, and what shows that it was cut off. */
const WORK = ".kong-ipv6.tmp";

/** What the last write replaced, as WORK was when it was done. */
export const UNDO = ".kong-ipv6.undo";

/** What WORK/journal.json says: enough to take a write back, while it is going on and later. */
export interface Journal {
  /** In the order they are written; `replaced` ones have their old file under old/. */
  readonly files: readonly JournalEntry[];
  /** Directories that the write makes, parents first. */
  readonly made: readonly string[];
  /** Directories that the write takes away once they are empty, parents first (older journals: none). */
  readonly removed?: readonly Directory[];
  /** Directories that were there and empty before the write filled them. */
  readonly filled?: readonly string[];
  /** Whether only the state was written, and what undo has is worth more. */
  readonly noted?: true;
}

/** A directory relative to the repository, and its permission bits. */
export interface Directory {
  readonly path: string;
  readonly mode: number;
}

/** What a write does to directories beside what its files ask for. */
export interface Directories {
  /** To make, where they are missing, parents first. */
  readonly make: readonly Directory[];
  /** The only ones that may go once they are empty. */
  readonly remove: ReadonlySet<string>;
}

interface JournalEntry {
  readonly path: string;
  readonly replaced: boolean;
  /** Of what is written: an owner's edit since then is told by it. null where the file goes. */
  readonly sha256: string | null;
  /** Permission bits of what is written. */
  readonly mode: number;
}

/** Whether a run was cut off while it was writing into a directory in use. */
export function wasCutOff(directory: string): boolean {
  return existsSync(join(directory, WORK));
}

/** What becomes of a run that was cut off: what it had begun is taken back, or all was in place. */
export type Recovered = "taken back" | "ended";

/** What recover() would do; undefined where no run was cut off. Reads only. */
export function recovery(directory: string): Recovered | undefined {
  if (!wasCutOff(directory)) return undefined;
  try {
    return outcomeOf(directory, readJournal(directory, WORK));
  } catch (error) {
    // Whoever writes here is told that it can't be trusted.
    if (error instanceof FailedError) return "taken back";
    throw error;
  }
}

/** A file that was never moved to its place shows that others may be missing, too. */
function outcomeOf(directory: string, journal: Journal | undefined): Recovered {
  const work = join(directory, WORK);
  const left = journal?.files.some((_, index) => isLeft(work, index)) ?? true;
  return left ? "taken back" : "ended";
}

/**
 * Takes back what a run that was cut off had begun in a directory, or ends it where all was there.
 * @returns which of both; undefined where there was nothing
 * @throws FailedError where that run is still at it, or its journal can't be trusted
 * @throws EditedError where the owner has edited since what it wrote: the rest is taken back
 */
export function recover(directory: string): Recovered | undefined {
  if (!wasCutOff(directory)) {
    sweep(directory);
    return undefined;
  }
  const work = join(directory, WORK);
  const former = holderOf(work);
  if (former.pid > 0 && former.pid !== process.pid && isAlive(former.pid))
    throw busy(directory, former.pid);
  const journal = readJournal(directory, WORK);
  const outcome = outcomeOf(directory, journal);
  claim(directory, former);
  let edited: string[] = [];
  try {
    if (journal === undefined) discard(directory);
    else if (outcome === "taken back") edited = takeBack(directory, journal);
    else finish(directory, journal);
  } catch (error) {
    throw new FailedError(
      `what an earlier run began in ${directory} can't be taken back (${codeOf(error)})`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
  if (edited.length > 0)
    throw new EditedError(
      `an earlier run was cut off while writing here, and what it had begun was taken back, but for what was edited since: ${edited.join(", ")}`,
      "What that run wrote is still in there, beside your edits. Put it right by what is named behind each, and run again.",
    );
  return outcome;
}

/**
 * The journal in WORK or UNDO. A directory may come from anywhere: its journal leads to no place
 * outside of it.
 * @throws FailedError
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
    const paths = [
      ...[...journal.files, ...(journal.removed ?? [])].map(({ path }) => path),
      ...journal.made,
    ];
    const stray = paths.some((path) => leadsOut(directory, path));
    if (stray) throw new Error("it leads out of its directory");
    if (journal.removed?.some(({ mode }) => !Number.isInteger(mode)))
      throw new Error("a directory has no mode");
    for (const [index, { path, replaced }] of journal.files.entries()) {
      const old = lstatSync(join(home, "old", String(index)), {
        throwIfNoEntry: false,
      });
      if (replaced && old === undefined && where === UNDO)
        throw new FailedError(
          `${home} is not whole any more: what ${path} was is missing`,
          "Take it from git or a backup; without that directory the write stays.",
        );
      if (replaced && old?.isFile() === false) throw new Error("no plain file");
    }
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

function leadsOut(directory: string, path: string): boolean {
  const parts = path.split("/");
  return (
    path !== normalize(path) ||
    isAbsolute(path) ||
    parts.some((part) => ["", ".", "..", ".git"].includes(part)) ||
    parentInTheWay(directory, path) !== undefined
  );
}

/**
 * @param directories absent: those that files need are made, those that they leave empty go
 * @throws FailedError where another run is at it, or something has changed meanwhile
 */
export function writeInto(
  directory: string,
  operations: readonly Operation[],
  directories?: Directories,
): void {
  const work = join(directory, WORK);
  lock(directory);
  let journal: Journal | undefined;
  try {
    // Old secrets lie in there, also where the repository's own .gitignore is gone.
    writeFileSync(join(work, ".gitignore"), "*\n");
    const noted = !directories && justNotes(directory, operations);
    journal = {
      ...stage(directory, operations, directories),
      ...(noted && { noted }),
    };
    writeFileSync(join(work, "journal.part"), JSON.stringify(journal));
    for (const name of ["", ...readdirSync(work)])
      ownLike(join(work, name), statSync(directory));
    renameSync(join(work, "journal.part"), join(work, "journal.json"));
    const modes = new Map(
      directories?.make.map(({ path, mode }) => [path, mode]),
    );
    for (const parent of journal.made)
      makeMissing(join(directory, parent), modes.get(parent));
    const removable = new Set(journal.removed?.map(({ path }) => path));
    for (const [index, { path, content }] of operations.entries()) {
      const prepared = join(work, "new", String(index));
      if (content !== null) renameSync(prepared, join(directory, path));
      else {
        rmSync(join(directory, path));
        rmSync(prepared);
        removeEmpty(directory, dirname(path), removable);
      }
    }
    finish(directory, journal);
  } catch (error) {
    if (journal === undefined) discard(directory);
    else takeBack(directory, journal);
    throw error;
  }
  forgetFormer(directory);
}

/** The undo of before: what is written is written, also where this can't be taken away. */
function forgetFormer(directory: string): void {
  const former = join(directory, UNDO, "former");
  if (!existsSync(former)) return;
  try {
    rmSync(former, { recursive: true });
  } catch (error) {
    if (codeOf(error) === String(error)) throw error;
  }
}

/** Whether nothing but the state is written after a write that undo can take back. */
function justNotes(
  directory: string,
  operations: readonly Operation[],
): boolean {
  return (
    operations.every(({ path }) => path === STATE_FILE) &&
    lastWrite(directory) !== undefined
  );
}

/** The journal of the last write; undefined where there is none that can be trusted. */
function lastWrite(directory: string): Journal | undefined {
  if (!existsSync(join(directory, UNDO))) return undefined;
  try {
    return readJournal(directory, UNDO);
  } catch (error) {
    if (error instanceof FailedError) return undefined;
    throw error;
  }
}

/** The last write stays the one that undo takes back: the state that it left is the present one now. */
function amendUndo(directory: string, { files }: Journal): void {
  const last = lastWrite(directory);
  if (last === undefined) return;
  const amended = last.files.map((entry) => {
    const now = files.find(({ path }) => path === entry.path);
    return now ? { ...entry, sha256: now.sha256, mode: now.mode } : entry;
  });
  const home = join(directory, UNDO);
  const text = JSON.stringify({ ...last, files: amended });
  writeFileSync(join(home, "journal.part"), text);
  renameSync(join(home, "journal.part"), join(home, "journal.json"));
}

/** Keeps what is there, prepares what shall be there; nothing is changed yet. */
function stage(
  directory: string,
  operations: readonly Operation[],
  { make, remove }: Partial<Directories> = {},
): Journal {
  const work = join(directory, WORK);
  const made = new Set(
    make
      ?.map(({ path }) => path)
      .filter((path) => !existsSync(join(directory, path))),
  );
  const removed = new Map<string, Directory>();
  const filled = new Set<string>();
  const files = operations.map((operation, index): JournalEntry => {
    const { path, content, mode, expected } = operation;
    const target = join(directory, path);
    const replaced = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
    const old = join(work, "old", String(index));
    if (replaced) copy(target, old);
    if ((replaced ? hashOf(old) : null) !== expected) {
      throw new FailedError(
        `${path} was changed meanwhile; nothing was written`,
        "Run again.",
      );
    }
    // An empty file stands for one that shall go, until it is gone.
    const prepared = join(work, "new", String(index));
    writeOne(prepared, content ?? "", mode);
    ownLike(prepared, replaced ? lstatSync(target) : nearest(target));
    for (const parent of parentsOf(path)) {
      const at = join(directory, parent);
      if (content === null) {
        if (remove?.has(parent) ?? true)
          removed.set(parent, { path: parent, mode: modeOf(at) });
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

/** The directory that something is to be made in, or the nearest around it. */
function nearest(path: string): Stats {
  let parent = dirname(path);
  while (!existsSync(parent)) parent = dirname(parent);
  return statSync(parent);
}

/** Whether a file was never moved to its place: the target is untouched, or only taken away. */
function isLeft(work: string, index: number): boolean {
  return existsSync(join(work, "new", String(index)));
}

/**
 * All is in its place: what was replaced stays for undo. A write that made all there is, state and
 * directories included, needs nothing for that. At every moment the old undo is there, or the new one.
 */
function finish(directory: string, journal: Journal): void {
  const { files, filled = [], noted } = journal;
  if (noted) {
    amendUndo(directory, journal);
    return discard(directory);
  }
  const work = join(directory, WORK);
  const undo = join(directory, UNDO);
  const made = files.some(
    ({ path, replaced }) => path === STATE_FILE && !replaced,
  );
  if (made && filled.length === 0 && !files.some(({ replaced }) => replaced))
    return discard(directory);
  const former = join(work, "former");
  if (existsSync(undo)) renameSync(undo, former);
  renameSync(work, undo);
}

/**
 * May be cut off itself, and run again. What the owner changed meanwhile is the owner's.
 * @returns what stays so, each with the place of what was there before
 */
function takeBack(directory: string, journal: Journal): string[] {
  const { files, made, removed = [] } = journal;
  const work = join(directory, WORK);
  for (const { path, mode } of removed)
    makeMissing(join(directory, path), mode);
  const owned: string[] = [];
  for (const [index, { path, replaced, sha256: sum }] of files.entries()) {
    const target = join(directory, path);
    const old = join(work, "old", String(index));
    const there = hashOf(target);
    const removing = sum === null && there === null;
    if (isLeft(work, index) && !removing) continue;
    if (there !== sum) {
      if (replaced && there !== hashOf(old))
        owned.push(`${path} (before: ${UNDO}/old/${index})`);
    } else if (replaced) {
      makeDirectory(dirname(target));
      copy(old, join(work, "back"));
      renameSync(join(work, "back"), target);
    } else rmSync(target, { force: true });
  }
  for (const parent of [...made].reverse()) {
    const path = join(directory, parent);
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
  if (owned.length > 0) {
    finish(directory, journal);
    forgetFormer(directory);
    return owned;
  }
  const former = join(work, "former");
  if (existsSync(former)) renameSync(former, join(directory, UNDO));
  discard(directory);
  return [];
}

/**
 * Takes WORK away: without its journal the rest means nothing any more; who holds it is told until
 * the last.
 */
function discard(directory: string): void {
  const work = join(directory, WORK);
  rmSync(join(work, "journal.json"), { force: true });
  const [held, rest] = [true, false].map((holder) =>
    readdirSync(work).filter((name) => HOLDER.test(name) === holder),
  ) as [string[], string[]];
  for (const name of [...rest, ...held])
    rmSync(join(work, name), { recursive: true, force: true });
  rmdirSync(work);
}

/** Whoever puts WORK there, its process id in it, may write; who finds it there may not. */
function lock(directory: string): void {
  removeGarbage(directory);
  const own = join(directory, `.kong-ipv6.${process.pid}.lock`);
  mkdirSync(own, { mode: 0o700 });
  try {
    writeFileSync(join(own, "pid"), String(process.pid));
    renameSync(own, join(directory, WORK));
  } catch (error) {
    rmSync(own, { recursive: true });
    if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) throw error;
    throw busy(directory, holderOf(join(directory, WORK)).pid);
  }
}

/** Takes garbage away where it can be: it is in nobody's way. */
function sweep(directory: string): void {
  try {
    removeGarbage(directory);
  } catch (error) {
    if (codeOf(error) === String(error)) throw error;
  }
}

/** What runs that were killed left of their own directories. */
function removeGarbage(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(/^\.kong-ipv6\.(\d+)\.lock$/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid))
      rmSync(join(directory, name), { recursive: true, force: true });
  }
}

const HOLDER = /^(pid|claim\.\d+)$/;

interface Holder {
  /** 0 where it isn't known. */
  readonly pid: number;
  /** The file in WORK that says so. */
  readonly file: string;
}

function holderOf(work: string): Holder {
  const claimed = /^claim\.\d+$/;
  const file = existsSync(work)
    ? lstatSync(work).isDirectory()
      ? readdirSync(work).find((name) => claimed.test(name))
      : undefined
    : undefined;
  if (file !== undefined) return { pid: Number(file.slice(6)), file };
  return { pid: Number(readIfThere(join(work, "pid"))) || 0, file: "pid" };
}

/** Of several that find a dead run's WORK, one takes it over: the one whose rename succeeds. */
function claim(directory: string, former: Holder): void {
  const work = join(directory, WORK);
  const own = join(work, `claim.${process.pid}`);
  try {
    renameSync(join(work, former.file), own);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    // Not even a process id: nobody is at it, but somebody may have been faster.
    if (former.pid === 0 && holderOf(work).pid === 0) return;
    throw busy(directory, holderOf(work).pid);
  }
  if (former.file === "pid" && Number(readIfThere(own)) !== former.pid) {
    // Another run has begun since: it keeps its lock.
    renameSync(own, join(work, "pid"));
    throw busy(directory, holderOf(work).pid);
  }
}

function busy(directory: string, pid: number): FailedError {
  const who = pid > 0 ? ` (process ${pid})` : "";
  return new FailedError(
    `another run${who} is writing to ${directory}`,
    `Wait until it has ended and run again; if that process is something else, remove ${WORK}/pid first.`,
  );
}

/** null where there is no plain file. */
export function hashOf(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile()
    ? sha256(readFileSync(path))
    : null;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  const was = statSync(from);
  ownLike(to, was);
  chmodSync(to, was.mode & 0o7777);
}

/** Removes a directory and then its parents, as long as they are empty and may go. */
function removeEmpty(
  directory: string,
  path: string,
  removable: ReadonlySet<string>,
): void {
  for (const parent of [path, ...parentsOf(path).reverse()]) {
    const full = join(directory, parent);
    if (!removable.has(parent) || !existsSync(full)) return;
    if (readdirSync(full).length > 0) return;
    rmdirSync(full);
  }
}

/** Makes a directory whose parent is there; its permission bits are these under any umask. */
function makeMissing(path: string, mode = 0o755): void {
  if (existsSync(path)) return;
  mkdirSync(path);
  ownLike(path, statSync(dirname(path)));
  chmodSync(path, mode);
}

/** The directories that a path lies in, topmost first, relative like itself. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** 0755 for what isn't there. */
const modeOf = (path: string): number =>
  (lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0o755) & 0o7777;

function readIfThere(path: string): string {
  // Not by existsSync: what may not be read wouldn't be there.
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return "";
    throw error;
  }
}
