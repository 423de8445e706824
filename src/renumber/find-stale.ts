import type { Disk } from "../repository/disk.ts";
import type { Plan } from "../plan/plan.ts";
import { printable } from "../base/escape.ts";
import { staleValues, type StaleValue } from "./stale.ts";
import { lineCounter } from "../base/line-counter.ts";
import { repositoryFiles } from "../repository/walk.ts";
import { linesOf, lineOf } from "./ownership.ts";
import type { Tree } from "../render/render.ts";
import { findTokens } from "../ip/find-addresses.ts";

/** A place in the repository that still has an old address or subnet. */
export interface StaleAddress {
  readonly path: string;
  /** From 1; 0 if it is in the path itself. */
  readonly line: number;
  /** As it is written there. */
  readonly text: string;
  /** The old address, or the old subnet that contains it. */
  readonly value: string;
}

/** What was found, and which files could not be read. */
export interface Search {
  readonly stale: readonly StaleAddress[];
  /** Each with the reason: `big.log  (larger than 1 MiB)`. */
  readonly unread: readonly string[];
}

/**
 * Every stale address (stale.ts) in the repository, the owner's own files included.
 * @param rendered during an overlap, its lines have old addresses that stay
 * @param instead texts of files that are about to change; null for a file that is about to go
 * @param known files that have been read already
 */
export function findStaleAddresses(
  directory: string,
  present: Plan,
  previous: readonly Plan[],
  rendered: Tree,
  instead: ReadonlyMap<string, string | null> = new Map(),
  known?: Disk,
): Search {
  const valueOf = staleValues(previous, present);
  const stale: StaleAddress[] = [];
  const unread: string[] = [];
  if (valueOf === undefined) return { stale, unread };
  const plans = [present, ...previous];
  const kept = linesKept(present, rendered);
  for (const seen of repositoryFiles(directory, plans, instead, known)) {
    const { path, text, why } = seen;
    const inPath = staleAddressesIn(path, path, valueOf);
    stale.push(...inPath.map((found) => ({ ...found, line: 0 })));
    if (text !== undefined)
      stale.push(...staleAddressesIn(path, text, valueOf, kept?.(path)));
    if (why !== undefined) unread.push(`${path}  (${why})`);
  }
  return { stale, unread };
}

/** During an overlap: the generated lines of a file, and of its .new file. */
export function linesKept(
  { previous }: Plan,
  rendered: Tree,
): ((path: string) => ReadonlySet<string>) | undefined {
  if (previous === null) return undefined;
  return (path) => {
    const file = rendered.get(path) ?? rendered.get(path.replace(/\.new$/, ""));
    return linesOf(file?.text ?? "");
  };
}

/** Tells the owner which files were not searched. */
export function unreadNotes(unread: readonly string[]): string[] {
  return unread.length === 0
    ? []
    : [
        ["Not searched for old addresses:", ...unread.map(printable)].join(
          "\n  ",
        ),
      ];
}

/** The stale addresses in one text. @param kept lines (linesOf) that have old addresses on purpose */
export function staleAddressesIn(
  path: string,
  text: string,
  valueOf: StaleValue,
  kept?: ReadonlySet<string>,
): StaleAddress[] {
  const lineAt = lineCounter(text);
  return findTokens(text).flatMap((token) => {
    const value = valueOf(token);
    if (value === undefined || kept?.has(lineOf(text, token).trim())) return [];
    const line = lineAt(token.start);
    return [{ path, line, text: text.slice(token.start, token.end), value }];
  });
}
