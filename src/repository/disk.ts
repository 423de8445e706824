import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, FailedError } from "../base/errors.ts";

/** What is at a path before anything is written. */
export type DiskEntry =
  | { readonly kind: "absent" }
  | { readonly kind: "file"; readonly text: string; readonly mode: number }
  /** It can't be compared: a directory, a link, a file that is not text or can't be read. */
  | {
      readonly kind: "other";
      readonly what: string;
      /** The code of the failed system call, if it can't be read. */
      readonly code?: string;
    };

export type Disk = ReadonlyMap<string, DiskEntry>;

export const entryAt = (disk: Disk, path: string): DiskEntry =>
  disk.get(path) ?? { kind: "absent" };

/** The text of a file; undefined if there is none that can be compared. */
export function textAt(disk: Disk, path: string): string | undefined {
  const entry = entryAt(disk, path);
  return entry.kind === "file" ? entry.text : undefined;
}

/** In bytes. Generated files are far smaller. */
const LARGEST = 4 * 1024 * 1024;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads each path below a directory. Follows no symbolic link. */
export function readDisk(directory: string, paths: Iterable<string>): Disk {
  const entries = new Map<string, DiskEntry>();
  // All files of a directory have the same parents.
  const parents = new Map<string, DiskEntry | undefined>();
  for (const path of paths) {
    const parent = dirname(path);
    if (!parents.has(parent))
      parents.set(parent, parentInTheWay(directory, path));
    // Without join(): hundreds of calls take longer than reading the files.
    entries.set(path, parents.get(parent) ?? look(`${directory}/${path}`));
  }
  return entries;
}

/**
 * What is at the target itself.
 * @throws FailedError if it is not a directory, or can't be read
 */
export function targetKind(directory: string): "absent" | "empty" | "filled" {
  const stat = lstatOf(directory, { follow: true });
  if (stat === undefined) refuseDangling(directory);
  if (stat === undefined) return "absent";
  try {
    return readdirSync(directory).length === 0 ? "empty" : "filled";
  } catch (error) {
    throw new FailedError(
      `${directory} can't be read (${codeOf(error)})`,
      "Name another directory.",
      {
        cause: error,
      },
    );
  }
}

/** Nothing can be created at or below a link to nothing. */
function refuseDangling(directory: string): void {
  let at = directory;
  while (lstatSync(at, { throwIfNoEntry: false }) === undefined)
    at = dirname(at);
  if (existsSync(at)) return;
  throw new FailedError(
    `${at} is a symbolic link to ${readlinkSync(at)}, which is not there`,
    "Make that directory, or name another one.",
  );
}

/** The nearest parent inside the directory that is a link or not a directory: nothing is written through it. */
export function parentInTheWay(
  directory: string,
  path: string,
): DiskEntry | undefined {
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
    const stat = lstatOf(join(directory, parent));
    if (stat?.isSymbolicLink())
      return { kind: "other", what: `${parent} is a symbolic link` };
    if (stat && !stat.isDirectory())
      return { kind: "other", what: `${parent} is not a directory` };
  }
  return undefined;
}

function look(path: string): DiskEntry {
  const stat = lstatOf(path);
  if (stat === undefined) return { kind: "absent" };
  if (stat.isSymbolicLink()) return { kind: "other", what: "a symbolic link" };
  if (stat.isDirectory()) return { kind: "other", what: "a directory" };
  if (!stat.isFile()) return { kind: "other", what: "a special file" };
  if (stat.size > LARGEST)
    return { kind: "other", what: `a file of ${stat.size} bytes` };
  try {
    const text = UTF8.decode(readFileSync(path));
    return { kind: "file", text, mode: stat.mode & 0o7777 };
  } catch (error) {
    // TextDecoder's error has a code too.
    if (error instanceof TypeError)
      return { kind: "other", what: "not a text file" };
    const code = codeOf(error);
    return { kind: "other", what: `unreadable (${code})`, code };
  }
}

function lstatOf(path: string, { follow = false } = {}): Stats | undefined {
  try {
    return lstatSync(follow ? `${path}/.` : path, { throwIfNoEntry: false });
  } catch (error) {
    // A parent is a file, so the path is absent. parentInTheWay() reports the parent.
    if (codeOf(error) === "ENOTDIR" && !follow) return undefined;
    if (codeOf(error) === "ENOTDIR") {
      let file = path;
      while (!existsSync(file)) file = dirname(file);
      throw new FailedError(
        `${file} is not a directory`,
        "Name another directory.",
      );
    }
    throw new FailedError(
      `${path} can't be read (${codeOf(error)})`,
      "Check its permissions.",
      {
        cause: error,
      },
    );
  }
}
