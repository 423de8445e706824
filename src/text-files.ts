import { lstatSync, readdirSync, readFileSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { codeOf } from "./disk.ts";
import type { Plan } from "./plan.ts";
import { STATE_FILE } from "./state.ts";

/** Larger files are no configuration that somebody wrote. */
const LARGEST = 1024 * 1024;

/**
 * Every text file of a repository, the owner's own included, in the order of the paths. Data, .git,
 * node_modules and what the generator keeps for itself are passed over, and what is no UTF-8, can't
 * be read, or is larger than 1 MiB.
 * @param plans the present one and former ones: their data are in there
 * @param instead texts (or null for none) of files that are about to change
 */
export function* textFiles(
  directory: string,
  plans: readonly Plan[],
  instead: ReadonlyMap<string, string | null> = new Map(),
): Generator<[path: string, text: string]> {
  const data = new Set(plans.map((plan) => plan.data.directory));
  const paths = new Set([...filesBelow(directory, data), ...instead.keys()]);
  for (const path of [...paths].sort()) {
    const text = instead.has(path)
      ? instead.get(path)
      : textAt(join(directory, path));
    if (typeof text === "string") yield [path, text];
  }
}

/** Line numbers for places in ascending order, in one pass. */
export function lineCounter(text: string): (place: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (place) => {
    while (next !== -1 && next < place) {
      line += 1;
      next = text.indexOf("\n", next + 1);
    }
    return line;
  };
}

function* filesBelow(
  directory: string,
  data: ReadonlySet<string>,
  below = "",
): Generator<string> {
  for (const entry of entriesOf(join(directory, below))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    const skipped =
      [".git", "node_modules"].includes(entry.name) ||
      path.startsWith(".kong-ipv6.") ||
      path === STATE_FILE ||
      data.has(`./${path}`);
    if (skipped) continue;
    if (entry.isDirectory()) yield* filesBelow(directory, data, path);
    else if (entry.isFile()) yield path;
  }
}

/** None of a directory that is not ours to read. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (["EACCES", "EPERM", "ENOENT"].includes(codeOf(error))) return [];
    throw error;
  }
}

/** The text of a file that has one and may be read. */
function textAt(path: string): string | undefined {
  try {
    if (lstatSync(path).size > LARGEST) return undefined;
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    // No text, or not ours to read: nothing that the owner could have written an address into.
    if (
      error instanceof TypeError ||
      (error instanceof Error && "code" in error)
    )
      return undefined;
    throw error;
  }
}
