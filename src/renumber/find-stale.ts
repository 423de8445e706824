import type { Disk } from "../repository/disk.ts";
import type { Plan } from "../plan/plan.ts";
import { printable } from "../base/escape.ts";
import { staleValues, type StaleValue } from "./stale.ts";
import { lineCounter } from "../base/line-counter.ts";
import { repositoryFiles } from "../repository/walk.ts";
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
 * @param instead texts of files that are about to change; null for a file that is about to go
 * @param known files that have been read already
 */
export function findStaleAddresses(
  directory: string,
  present: Plan,
  previous: readonly Plan[],
  instead: ReadonlyMap<string, string | null> = new Map(),
  known?: Disk,
): Search {
  const valueOf = staleValues(previous, present);
  const stale: StaleAddress[] = [];
  const unread: string[] = [];
  if (valueOf === undefined) return { stale, unread };
  const plans = [present, ...previous];
  for (const seen of repositoryFiles(directory, plans, instead, known)) {
    const { path, text, why } = seen;
    const inPath = staleAddressesIn(path, path, valueOf);
    stale.push(...inPath.map((found) => ({ ...found, line: 0 })));
    if (text !== undefined)
      stale.push(...staleAddressesIn(path, text, valueOf));
    if (why !== undefined) unread.push(`${path}  (${why})`);
  }
  return { stale, unread };
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

/** The stale addresses in one text. */
export function staleAddressesIn(
  path: string,
  text: string,
  valueOf: StaleValue,
): StaleAddress[] {
  const lineAt = lineCounter(text);
  return findTokens(text).flatMap((token) => {
    const value = valueOf(token);
    if (value === undefined) return [];
    const line = lineAt(token.start);
    return [{ path, line, text: text.slice(token.start, token.end), value }];
  });
}
