import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "../base/errors.ts";

export function writeOne(
  path: string,
  content: string | Uint8Array,
  mode: number,
): void {
  if (!existsSync(dirname(path))) makeDirectory(dirname(path));
  // The mode is set at creation: others can't read the file even for a moment.
  writeFileSync(path, content, { mode, flag: "wx" });
  chmodSync(path, mode);
}

/** Like mkdir -p, but new directories are 0755 under any umask: the same answers give the same repository. */
export function makeDirectory(path: string): void {
  const topmost = mkdirSync(path, { recursive: true });
  if (topmost === undefined) return;
  for (let made = path; made.startsWith(topmost); made = dirname(made))
    chmodSync(made, 0o755);
}

/** Makes a directory in an existing one, with these permission bits under any umask. */
export function makeMissing(path: string, mode = 0o755): void {
  if (existsSync(path)) return;
  mkdirSync(path);
  ownLike(path, statSync(dirname(path)));
  chmodSync(path, mode);
}

/** Copies a file with its owner and permission bits. Nothing may be there: a link would be followed. */
export function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  const source = statSync(from);
  ownLike(to, source);
  chmodSync(to, source.mode & 0o7777);
}

/** "" if there is no file. existsSync would call an unreadable file absent. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return "";
    throw error;
  }
}

/** 0755 if nothing is there. */
export const permissionsOf = (path: string): number =>
  (lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0o755) & 0o7777;

/** The directories that a relative path lies in, topmost first. */
export function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** The nearest existing parent of a path. */
export function nearestParent(path: string): Stats {
  let parent = dirname(path);
  while (!existsSync(parent)) parent = dirname(parent);
  return statSync(parent);
}

/** Gives a path an owner and group: what root writes into a user's directory belongs to that user. */
export function ownLike(path: string, { uid, gid }: Stats): void {
  const own = lstatSync(path);
  if (own.uid === uid && own.gid === gid) return;
  try {
    lchownSync(path, uid, gid);
  } catch (error) {
    // Only root may change the owner.
    if (codeOf(error) !== "EPERM") throw error;
  }
}

/** For tidying up, on which nothing depends: a failed system call is ignored. */
export function ignoringFailure(job: () => void): void {
  try {
    job();
  } catch (error) {
    if (codeOf(error) === String(error)) throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

export function remedyFor(code: string): string {
  const remedies: Record<string, string> = {
    ENOSPC: "Make room on that disk, or name a directory on another.",
    EDQUOT:
      "Your disk quota is used up: make room, or name a directory on another disk.",
    EACCES:
      "You may not write there: name another directory, or change the permissions.",
    EPERM:
      "You may not write there: name another directory, or change the permissions.",
    EROFS: "That file system is read-only: name a directory on another.",
    ENOTEMPTY:
      "Something else was put there meanwhile: look at it and run again.",
    ENAMETOOLONG: "Name a directory with a shorter path.",
  };
  return remedies[code] ?? "Name another directory.";
}
