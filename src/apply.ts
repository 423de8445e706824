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
import type { Change } from "./changes.ts";
import { codeOf, lookAtTarget } from "./disk.ts";
import { FailedError } from "./errors.ts";
import type { File } from "./render.ts";
import { fillSecrets } from "./secret.ts";

/** Changes that put something on the disk. */
const WRITTEN = new Set(["create", "update", "markers"]);

/** Where a write into an existing directory is prepared, and what shows that it was cut off. */
const WORK = ".kong-ipv6.tmp";

/** What the last write replaced, as WORK was when it was done. */
export const UNDO = ".kong-ipv6.undo";

/** What WORK/journal.json says: enough to take a write back that was cut off. */
interface Journal {
  /** Paths in the order they are written; `replaced` ones have their old file under old/. */
  readonly files: readonly {
    readonly path: string;
    readonly replaced: boolean;
  }[];
  /** Directories that the write makes, parents first. */
  readonly made: readonly string[];
}

/**
 * Brings changes to the disk, all or nothing, the state last. A directory that isn't there yet (or
 * is empty) appears whole, by one rename(2). Files of a directory in use are prepared beside it and
 * moved in one by one behind a journal; recover() takes back what was cut off.
 * @param prepare run on the whole before it appears (for git)
 * @throws FailedError; what was there is as it was
 */
export function apply(
  directory: string,
  changes: readonly Change[],
  state: { readonly path: string; readonly file: File },
  prepare: (directory: string) => void,
): void {
  const files = changes
    .filter(({ action }) => WRITTEN.has(action))
    .map(({ path, after }): [string, File] => [path, after]);
  files.push([state.path, state.file]);
  try {
    if (appearsWhole(directory)) writeNew(directory, files, prepare);
    else {
      writeInto(directory, files);
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
  files: readonly [string, File][],
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
    for (const [path, file] of files) writeOne(join(inside, path), file, "");
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

function writeInto(directory: string, files: readonly [string, File][]): void {
  const work = join(directory, WORK);
  mkdirSync(work, { mode: 0o700 });
  let journal: Journal | undefined;
  try {
    writeFileSync(join(work, "pid"), String(process.pid));
    const made = new Set<string>();
    const entries = files.map(([path, file], index) => {
      const target = join(directory, path);
      const replaced = existsSync(target);
      if (replaced) keepOld(target, join(work, "old", String(index)));
      writeOne(
        join(work, "new", String(index)),
        file,
        replaced ? readFileSync(target, "utf8") : "",
      );
      missingParents(directory, path).forEach((parent) => made.add(parent));
      return { path, replaced };
    });
    journal = { files: entries, made: [...made] };
    writeFileSync(join(work, "journal.part"), JSON.stringify(journal));
    renameSync(join(work, "journal.part"), join(work, "journal.json"));
    for (const parent of journal.made) mkdirSync(join(directory, parent));
    for (const [index, { path }] of entries.entries()) {
      renameSync(join(work, "new", String(index)), join(directory, path));
    }
  } catch (error) {
    if (journal !== undefined) takeBack(directory, journal);
    rmSync(work, { recursive: true });
    throw error;
  }
  rmSync(join(directory, UNDO), { recursive: true, force: true });
  if (journal.files.some(({ replaced }) => replaced))
    renameSync(work, join(directory, UNDO));
  else rmSync(work, { recursive: true });
}

function takeBack(directory: string, { files, made }: Journal): void {
  const work = join(directory, WORK);
  for (const [index, { path, replaced }] of files.entries()) {
    const target = join(directory, path);
    // What is still under new/ was never moved: the target is untouched.
    if (existsSync(join(work, "new", String(index)))) continue;
    if (replaced) keepOld(join(work, "old", String(index)), target);
    else rmSync(target, { force: true });
  }
  for (const parent of [...made].reverse()) {
    const path = join(directory, parent);
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
}

function keepOld(from: string, to: string): void {
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

function writeOne(path: string, { text, mode }: File, existing: string): void {
  mkdirSync(dirname(path), { recursive: true });
  // Never readable by others for a moment: the mode is there from the start.
  writeFileSync(path, fillSecrets(text, existing), { mode, flag: "wx" });
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
