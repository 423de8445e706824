import { lstatSync, readdirSync, readFileSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { codeOf } from "./disk.ts";
import type { Plan } from "./plan.ts";
import { formerValues, type FormerValue } from "./stale.ts";
import { STATE_FILE } from "./state.ts";
import { findTokens } from "./tokens.ts";

/** A place where an address or a subnet of the past still stands. */
export interface Leftover {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** As it is spelled there. */
  readonly text: string;
  /** The former address, or the former subnet that it lies in. */
  readonly value: string;
}

/** Larger files are no configuration that somebody wrote. */
const LARGEST = 1024 * 1024;

/**
 * Every place in the repository, the owner's own files included, that holds what has moved since
 * (see stale.ts). Data, .git and what the generator keeps for itself are passed over.
 * @param instead texts (or null for none) of files that are about to change
 */
export function findLeftovers(
  directory: string,
  present: Plan,
  former: readonly Plan[],
  instead: ReadonlyMap<string, string | null> = new Map(),
): Leftover[] {
  const valueOf = formerValues(former, present);
  if (valueOf === undefined) return [];
  const data = [present, ...former].map((plan) => plan.data.directory);
  const paths = new Set([
    ...filesBelow(directory, new Set(data)),
    ...instead.keys(),
  ]);
  return [...paths].sort().flatMap((path) => {
    const text = instead.has(path)
      ? instead.get(path)
      : textAt(join(directory, path));
    return text === undefined || text === null
      ? []
      : leftoversIn(path, text, valueOf);
  });
}

/** As findLeftovers, in one text. */
export function leftoversIn(
  path: string,
  text: string,
  valueOf: FormerValue,
): Leftover[] {
  const lineAt = lineCounter(text);
  return [...findTokens(text)].flatMap((token) => {
    const value = valueOf(token);
    if (value === undefined) return [];
    const line = lineAt(token.start);
    return [{ path, line, text: text.slice(token.start, token.end), value }];
  });
}

/** Line numbers for places in ascending order, in one pass. */
function lineCounter(text: string): (place: number) => number {
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
