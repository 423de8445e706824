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
import { targetKind } from "./disk.ts";
import { ChangedError, codeOf, FailedError } from "../base/errors.ts";
import { STATE_FILE } from "./state.ts";
import { writeInto, type Directories } from "./transaction.ts";
import type { Operation } from "./operation.ts";
import {
  ignoringFailure,
  isAlive,
  makeDirectory,
  remedyFor,
  writeOne,
} from "./write.ts";
import { commandLine } from "../base/program.ts";

/**
 * Writes all operations, in their order, or none. A new or empty directory appears complete, by one
 * rename(2). In a directory in use, files are prepared, then moved one by one under a journal; recover()
 * rolls an interrupted write back.
 * @param beforeVisible runs on the complete directory before it appears, or after a write in place (for git)
 * @param directories as in writeInto()
 * @throws FailedError; then the directory is unchanged, or the error says that it is half written
 */
export function apply(
  directory: string,
  operations: readonly Operation[],
  beforeVisible: (directory: string) => void = () => {},
  directories?: Directories,
): void {
  try {
    if (wroteNew(directory, operations, beforeVisible)) return;
    writeInto(directory, operations, directories);
  } catch (error) {
    if (wasCreatedMeanwhile(directory, operations, error))
      throw new FailedError(
        `another run created a repository in ${directory} meanwhile; this one wrote nothing`,
        `To look at it, or to change it, run:\n  ${commandLine("check", directory)}\n  ${commandLine("regenerate", directory)}`,
      );
    if (error instanceof FailedError || codeOf(error) === String(error))
      throw error;
    const place = placeOf(error, directory);
    throw new FailedError(
      `${place} can't be written (${codeOf(error)}); ${place === directory ? "it" : directory} is as it was`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
  // Not above: if this fails, the files are written nevertheless.
  beforeVisible(directory);
}

/** Of two runs that create a repository in one directory, one finds the files of the other. */
const wasCreatedMeanwhile = (
  directory: string,
  operations: readonly Operation[],
  error: unknown,
): boolean =>
  (error instanceof ChangedError ||
    ["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) &&
  operations.some(
    ({ path, expected }) => path === STATE_FILE && expected === null,
  ) &&
  existsSync(join(directory, STATE_FILE));

/** The directory to name in the error: a subdirectory, or the repository itself. */
function placeOf(error: unknown, directory: string): string {
  const { dest, path } = error as NodeJS.ErrnoException & { dest?: string };
  const place = dirname(dest ?? path ?? directory);
  const inside = place.startsWith(`${directory}/`);
  return inside && !place.includes("/.kong-ipv6.") ? place : directory;
}

/** The parent is not writable, or the directory is a mount point. Then files are written in place. */
const IN_PLACE = ["EACCES", "EPERM", "EROFS", "EBUSY", "EXDEV"];

/** @returns false if the directory can't be replaced by a new one */
function wroteNew(
  directory: string,
  operations: readonly Operation[],
  beforeVisible: (directory: string) => void,
): boolean {
  const target = targetKind(directory);
  if (target === "filled") return false;
  // Replacing the working directory would leave the owner's shell in a deleted one.
  if (target === "empty" && realpathSync(directory) === process.cwd())
    return false;
  try {
    writeNew(directory, operations, beforeVisible);
    return true;
  } catch (error) {
    if (target === "empty" && IN_PLACE.includes(codeOf(error))) return false;
    throw error;
  }
}

function writeNew(
  directory: string,
  operations: readonly Operation[],
  beforeVisible: (directory: string) => void,
): void {
  // The topmost missing directory is renamed into its place.
  const exists = existsSync(directory);
  let top = exists ? realpathSync(directory) : directory;
  while (!existsSync(dirname(top))) top = dirname(top);
  const parent = dirname(top);
  const mark = `.${basename(top)}.kong-ipv6-`;
  removeLeftovers(parent, mark);
  const staging = join(parent, `${mark}${process.pid}`);
  // If another user made it, it is not removed below.
  mkdirSync(staging);
  try {
    const inside = exists ? staging : join(staging, relative(top, directory));
    chmodSync(staging, 0o755);
    makeDirectory(inside);
    for (const { path, content, mode } of operations)
      writeOne(join(inside, path), content ?? "", mode);
    beforeVisible(inside);
    if (exists) keepOwnership(staging, top);
    renameSync(staging, top);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Removes staging directories of killed runs. Those of another user stay. */
function removeLeftovers(parent: string, mark: string): void {
  for (const name of namesIn(parent)) {
    const pid = name.startsWith(mark) ? Number(name.slice(mark.length)) : 0;
    if (pid > 0 && !isAlive(pid))
      ignoringFailure(() => rmSync(join(parent, name), { recursive: true }));
  }
}

/** None if the directory can't be listed: writing into it may be possible nevertheless. */
function namesIn(directory: string): string[] {
  let names: string[] = [];
  ignoringFailure(() => (names = readdirSync(directory)));
  return names;
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
