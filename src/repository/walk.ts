import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Dirent,
} from "node:fs";
import { join, sep } from "node:path";
import type { Disk } from "./disk.ts";
import { codeOf } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { STATE_FILE } from "./state.ts";

/** In bytes. A larger file is hardly a configuration written by hand. */
const LARGEST = 1024 * 1024;

/** A file and its text, or why it is not searched. */
interface RepositoryFile {
  readonly path: string;
  readonly text?: string;
  readonly why?: string;
}

/**
 * Every file of a repository, the owner's own included, in the order of the paths. Skipped are data,
 * .git, node_modules and the generator's own files.
 * @param plans the current one and previous ones: they name the data directories
 * @param instead new texts of files that this run changes; null for a file that it deletes
 * @param known files that were read before
 */
export function* repositoryFiles(
  directory: string,
  plans: readonly Plan[],
  instead: ReadonlyMap<string, string | null> = new Map(),
  known: Disk = new Map(),
): Generator<RepositoryFile> {
  const data = new Set(plans.map((plan) => plan.data.directory));
  const found = new Map<string, RepositoryFile>();
  for (const file of filesBelow(directory, data)) found.set(file.path, file);
  const paths = new Set([...found.keys(), ...instead.keys()]);
  for (const path of [...paths].sort()) {
    const read = known.get(path);
    const text =
      instead.get(path) ?? (read?.kind === "file" ? read.text : undefined);
    if (instead.get(path) === null) continue;
    if (text !== undefined) yield { path, text };
    else if (found.get(path)?.why !== undefined)
      yield found.get(path) as RepositoryFile;
    else yield { path, ...readText(`${directory}/${path}`) };
  }
}

/** Those of them that can be searched. */
export function* textFiles(
  ...where: Parameters<typeof repositoryFiles>
): Generator<[path: string, text: string]> {
  for (const { path, text } of repositoryFiles(...where))
    if (text !== undefined) yield [path, text];
}

function* filesBelow(
  directory: string,
  data: ReadonlySet<string>,
  below = "",
): Generator<RepositoryFile> {
  const entries = entriesOf(`${directory}/${below}`);
  if (entries === undefined) yield { path: below, why: UNREADABLE };
  for (const entry of entries ?? []) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    const skipped =
      [".git", "node_modules"].includes(entry.name) ||
      path.startsWith(".kong-ipv6.") ||
      path === STATE_FILE ||
      data.has(`./${path}`);
    if (skipped) continue;
    // Node replaces bytes that are not UTF-8 by U+FFFD. No file has the resulting name.
    if (entry.name.includes("\ufffd") && !existsSync(join(directory, path))) {
      yield { path, why: "its name is not UTF-8" };
      continue;
    }
    if (entry.isDirectory()) yield* filesBelow(directory, data, path);
    else if (entry.isFile()) yield { path };
    else if (entry.isSymbolicLink() && leadsOut(directory, path))
      yield { path, why: "a symbolic link that leads out of here" };
  }
}

/** The files of a directory that is moved, the state included, with their modes. Links stay where they are. */
export function contentsBelow(
  directory: string,
): { path: string; content: Buffer; mode: number }[] {
  const files = [...filesBelow(directory, new Set())].filter(
    ({ why }) => why === undefined,
  );
  const hasState = existsSync(join(directory, STATE_FILE));
  return [...files.map(({ path }) => path), ...(hasState ? [STATE_FILE] : [])]
    .sort()
    .map((path) => ({
      path,
      content: readFileSync(join(directory, path)),
      mode: lstatSync(join(directory, path)).mode & 0o7777,
    }));
}

/** Whether a link leads out of the repository. The target of another link is found by its own path. */
function leadsOut(directory: string, path: string): boolean {
  const link = join(directory, path);
  return (
    existsSync(link) &&
    !realpathSync(link).startsWith(realpathSync(directory) + sep)
  );
}

const UNREADABLE = "can't be read";
const UNREADABLE_CODES = ["EACCES", "EPERM", "EIO"];

/** undefined for a directory that this user can't read. */
function entriesOf(directory: string): Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (UNREADABLE_CODES.includes(codeOf(error))) return undefined;
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** The text of a file in any encoding. */
function readText(path: string): Omit<RepositoryFile, "path"> {
  try {
    if (lstatSync(path).size > LARGEST) return { why: "larger than 1 MiB" };
    return { text: decoded(readFileSync(path)) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return {};
    if (UNREADABLE_CODES.includes(codeOf(error))) return { why: UNREADABLE };
    throw error;
  }
}

/**
 * Addresses are ASCII, so every encoding that contains ASCII will do: UTF-8, or else one byte per
 * character. UTF-16 has a zero byte next to each ASCII character.
 */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return Buffer.from(bytes).toString("latin1").replaceAll("\0", "");
  }
}
