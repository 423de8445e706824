import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { lookAtTarget } from "./disk.ts";
import { codeOf } from "../base/errors.ts";
import { FailedError } from "../base/errors.ts";
import { writeInto, type Directories } from "./transaction.ts";
import type { Operation } from "./operation.ts";
import { isAlive, makeDirectory, remedyFor, writeOne } from "./write.ts";

/**
 * Brings operations to the disk in their order, all or nothing. A directory that isn't there yet
 * (or is empty) appears whole, by one rename(2). Files of a directory in use are prepared beside
 * it and moved in one by one behind a journal; recover() takes back what was cut off.
 * @param prepare run on the whole before it appears (for git)
 * @param directories as in writeInto()
 * @throws FailedError; what was there is as it was
 */
export function apply(
  directory: string,
  operations: readonly Operation[],
  prepare: (directory: string) => void = () => {},
  directories?: Directories,
): void {
  try {
    if (appeared(directory, operations, prepare)) return;
    writeInto(directory, operations, directories);
    prepare(directory);
  } catch (error) {
    if (error instanceof FailedError || codeOf(error) === String(error))
      throw error;
    const place = placeOf(error, directory);
    throw new FailedError(
      `${place} can't be written (${codeOf(error)}); ${place === directory ? "it" : directory} is as it was`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
}

/** The directory inside that lets nothing in, where it is one of the owner's and not our own. */
function placeOf(error: unknown, directory: string): string {
  const { dest, path } = error as NodeJS.ErrnoException & { dest?: string };
  const place = dirname(dest ?? path ?? directory);
  const inside = place.startsWith(`${directory}/`);
  return inside && !place.includes("/.kong-ipv6.") ? place : directory;
}

/** Where the parent lets nothing new in, or the directory is a mount point: written in place then. */
const IN_PLACE = ["EACCES", "EPERM", "EROFS", "EBUSY", "EXDEV"];

/** @returns false where the directory has to stay the one it is */
function appeared(
  directory: string,
  operations: readonly Operation[],
  prepare: (directory: string) => void,
): boolean {
  const target = lookAtTarget(directory);
  if (target === "filled") return false;
  // A directory that somebody stands in must stay the same one.
  if (target === "empty" && realpathSync(directory) === process.cwd())
    return false;
  try {
    writeNew(directory, operations, prepare);
    return true;
  } catch (error) {
    if (target === "empty" && IN_PLACE.includes(codeOf(error))) return false;
    throw error;
  }
}

function writeNew(
  directory: string,
  operations: readonly Operation[],
  prepare: (directory: string) => void,
): void {
  // The topmost directory that is missing is what appears.
  const exists = existsSync(directory);
  let top = exists ? realpathSync(directory) : directory;
  while (!existsSync(dirname(top))) top = dirname(top);
  const parent = dirname(top);
  const mark = `.${basename(top)}.kong-ipv6-`;
  removeLeftovers(parent, mark);
  const staging = join(parent, `${mark}${process.pid}`);
  try {
    const inside = exists ? staging : join(staging, relative(top, directory));
    mkdirSync(staging);
    chmodSync(staging, 0o755);
    makeDirectory(inside);
    for (const { path, content, mode } of operations)
      writeOne(join(inside, path), content ?? "", mode);
    prepare(inside);
    if (exists) keepOwnership(staging, top);
    renameSync(staging, top);
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
  if (own.uid !== uid || own.gid !== gid) {
    const inside = readdirSync(staging, { recursive: true, encoding: "utf8" });
    for (const path of ["", ...inside])
      lchownSync(join(staging, path), uid, gid);
  }
  chmodSync(staging, mode & 0o7777);
}
