import { createHash } from "node:crypto";
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
} from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { codeOf, parentInTheWay } from "./disk.ts";
import { FailedError } from "./errors.ts";
import type { File } from "./render.ts";
import { isAlive, makeDirectory, remedyFor, writeOne } from "./write.ts";

// Files that are written into a directory in use: behind a journal, so that a run that is cut off
// can be taken back.

/** Where a write into an existing directory is prepared, and what shows that it was cut off. */
const WORK = ".kong-ipv6.tmp";

/** What the last write replaced, as WORK was when it was done. */
export const UNDO = ".kong-ipv6.undo";

/** What WORK/journal.json says: enough to take a write back that was cut off. */
interface Journal {
  /** In the order they are written; `replaced` ones have their old file under old/. */
  readonly files: readonly {
    readonly path: string;
    readonly replaced: boolean;
    /** Of what is written: an owner's edit since then is told by it. */
    readonly sha256: string | undefined;
  }[];
  /** Directories that the write makes, parents first. */
  readonly made: readonly string[];
}

/** Whether a run was cut off while it was writing into a directory in use. */
export function wasCutOff(directory: string): boolean {
  return existsSync(join(directory, WORK));
}

/**
 * Takes back what a run that was cut off had begun in a directory, or ends it where all was there.
 * @returns whether there was anything
 * @throws FailedError where that run is still at it, or its journal can't be trusted
 */
export function recover(directory: string): boolean {
  if (!wasCutOff(directory)) return false;
  const work = join(directory, WORK);
  const pid = Number(readIfThere(join(work, "pid")));
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new FailedError(
      `another run (process ${pid}) is writing to ${directory}`,
      `Wait until it has ended; if that process is something else, remove ${WORK}/pid.`,
    );
  }
  const journal = readJournal(directory);
  try {
    if (journal === undefined) rmSync(work, { recursive: true });
    else if (journal.files.some((_, index) => isLeft(work, index)))
      takeBack(directory, journal);
    else finish(directory, journal);
  } catch (error) {
    throw new FailedError(
      `what an earlier run began in ${directory} can't be taken back (${codeOf(error)})`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
  return true;
}

/** A directory may come from anywhere: its journal leads to no place outside of it. */
function readJournal(directory: string): Journal | undefined {
  const work = join(directory, WORK);
  try {
    if (!lstatSync(work).isDirectory()) throw new Error("not a directory");
    const text = readIfThere(join(work, "journal.json"));
    if (text === "") return undefined;
    const journal = JSON.parse(text) as Journal;
    const paths = [...journal.files.map(({ path }) => path), ...journal.made];
    const stray = paths.some(
      (path) =>
        path !== normalize(path) ||
        isAbsolute(path) ||
        path.split("/").includes("..") ||
        parentInTheWay(directory, path) !== undefined,
    );
    if (stray) throw new Error("it leads out of its directory");
    return journal;
  } catch (error) {
    throw new FailedError(
      `${work} was not left by create-kong-ipv6`,
      "Look at it, and move it away.",
      { cause: error },
    );
  }
}

export function writeInto(
  directory: string,
  files: readonly [string, File][],
): void {
  const work = join(directory, WORK);
  mkdirSync(work, { mode: 0o700 });
  let journal: Journal | undefined;
  try {
    writeFileSync(join(work, "pid"), String(process.pid));
    const made = new Set<string>();
    const entries = files.map(([path, file], index) => {
      const target = join(directory, path);
      const replaced = existsSync(target);
      const existing = replaced ? readFileSync(target, "utf8") : "";
      if (replaced) copy(target, join(work, "old", String(index)));
      const prepared = join(work, "new", String(index));
      writeOne(prepared, file, existing);
      missingParents(directory, path).forEach((parent) => made.add(parent));
      return { path, replaced, sha256: hashOf(prepared) };
    });
    journal = { files: entries, made: [...made] };
    writeFileSync(join(work, "journal.part"), JSON.stringify(journal));
    renameSync(join(work, "journal.part"), join(work, "journal.json"));
    for (const parent of journal.made) makeDirectory(join(directory, parent));
    for (const [index, { path }] of entries.entries()) {
      renameSync(join(work, "new", String(index)), join(directory, path));
    }
    finish(directory, journal);
  } catch (error) {
    if (journal === undefined) rmSync(work, { recursive: true });
    else takeBack(directory, journal);
    throw error;
  }
}

/** Whether a file was never moved to its place: the target is untouched. */
function isLeft(work: string, index: number): boolean {
  return existsSync(join(work, "new", String(index)));
}

/** All is in its place: what was replaced stays for undo. */
function finish(directory: string, { files }: Journal): void {
  const work = join(directory, WORK);
  rmSync(join(directory, UNDO), { recursive: true, force: true });
  if (files.some(({ replaced }) => replaced))
    renameSync(work, join(directory, UNDO));
  else rmSync(work, { recursive: true });
}

/** May be cut off itself, and run again. What the owner changed meanwhile is the owner's. */
function takeBack(directory: string, { files, made }: Journal): void {
  const work = join(directory, WORK);
  let owned = false;
  for (const [index, { path, replaced, sha256 }] of files.entries()) {
    const target = join(directory, path);
    if (isLeft(work, index)) continue;
    const old = join(work, "old", String(index));
    const there = hashOf(target);
    if (there !== sha256) {
      if (replaced && there !== hashOf(old)) owned = true;
    } else if (replaced) {
      copy(old, join(work, "back"));
      renameSync(join(work, "back"), target);
    } else rmSync(target, { force: true });
  }
  for (const parent of [...made].reverse()) {
    const path = join(directory, parent);
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
  if (owned) return finish(directory, { files, made });
  // Without its journal the rest means nothing any more.
  rmSync(join(work, "journal.json"), { force: true });
  rmSync(work, { recursive: true });
}

/** undefined where there is no plain file. */
function hashOf(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return undefined;
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
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

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
