import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { printable } from "../base/escape.ts";
import { FailedError } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Entry } from "./tar.ts";

/** In bytes. More is data, and not a configuration. */
const MOST = 64 * 1024 * 1024;

/** What a directory of KONG_DATA_DIR has, also an earlier one; apply.sh knows it by the same (copies.py). */
const DATA = ["secrets/kong_pg_password", "postgres/PG_VERSION"];

/**
 * The files that go to the server: what git would track, in a repository of git or not, without .env.
 * Their modes are kept as far as git keeps them.
 * @throws FailedError for a name that can't be copied, or if it is too much
 */
export function filesToCopy(directory: string, plan: Plan): Entry[] {
  const paths = [...pathsBelow(directory, plan.data.directory)];
  const ignored = ignoredByGit(directory, paths);
  let size = 0;
  return paths
    .filter((path) => path !== SECRET_FILE && !ignored.has(path))
    .sort()
    .map((path) => {
      if (printable(path) !== path || path.includes("\ufffd"))
        throw new FailedError(
          `${join(directory, printable(path))} can't be copied: its name has control characters, or is not UTF-8`,
          "Rename it, or have git ignore it.",
        );
      const entry = read(directory, path);
      size += "data" in entry ? entry.data.length : 0;
      if (size > MOST)
        throw new FailedError(
          `${directory} has more than 64 MiB to copy`,
          "Put large files elsewhere, or have git ignore them.",
        );
      return entry;
    });
}

function read(directory: string, path: string): Entry {
  const full = join(directory, path);
  const stat = lstatSync(full);
  if (stat.isSymbolicLink()) return { path, link: readlinkSync(full) };
  const mode = stat.mode & 0o100 ? 0o755 : 0o644;
  return { path, mode, data: readFileSync(full) };
}

/** A file, or the directory that only root may enter to see it. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" && existsSync(dirname(path));
  }
}

/** Files and links. Sidecars of conflicts, data and the undo folder are not for the server. */
function* pathsBelow(
  directory: string,
  data: string,
  below = "",
): Generator<string> {
  const entries = readdirSync(join(directory, below), { withFileTypes: true });
  for (const entry of entries) {
    const { name } = entry;
    const path = below === "" ? name : `${below}/${name}`;
    const skipped =
      [".git", "node_modules", "__pycache__"].includes(name) ||
      name.endsWith(".new") ||
      (path.startsWith(".kong-ipv6.") && path !== ".kong-ipv6.json") ||
      `./${path}` === data ||
      DATA.some((mark) => isThere(join(directory, path, mark)));
    if (skipped) continue;
    if (entry.isDirectory()) yield* pathsBelow(directory, data, path);
    else if (entry.isFile() || entry.isSymbolicLink()) yield path;
  }
}

/** Empty outside a repository of git, and without git. */
function ignoredByGit(
  directory: string,
  paths: readonly string[],
): Set<string> {
  const { status, stdout } = spawnSync(
    "git",
    ["-C", directory, "check-ignore", "-z", "--stdin"],
    { input: paths.join("\0"), encoding: "utf8", maxBuffer: MOST },
  );
  return new Set(status === 0 ? stdout.split("\0") : []);
}
