import type { Disk } from "../repository/disk.ts";
import type { Plan } from "../plan/plan.ts";
import { printable } from "../base/escape.ts";
import { staleValues, type StaleValue } from "./stale.ts";
import { filesSeen, lineCounter } from "../repository/walk.ts";
import { findTokens } from "../ip/find-addresses.ts";

/** A place where an address or a subnet of the past still stands. */
export interface StaleAddress {
  readonly path: string;
  /** Counted from 1; 0 where it stands in the path itself. */
  readonly line: number;
  /** As it is spelled there. */
  readonly text: string;
  /** The previous address, or the previous subnet that it lies in. */
  readonly value: string;
}

/** What was found, and what could not be looked into. */
export interface Search {
  readonly stale: readonly StaleAddress[];
  /** Each with the reason: `big.log  (larger than 1 MiB)`. */
  readonly unread: readonly string[];
}

/**
 * Every place in the repository, the owner's own files included, that holds what has moved since
 * (see stale.ts).
 * @param instead texts (or null for none) of files that are about to change
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
  for (const seen of filesSeen(directory, plans, instead, known)) {
    const { path, text, why } = seen;
    const inPath = staleAddressesIn(path, path, valueOf);
    stale.push(...inPath.map((found) => ({ ...found, line: 0 })));
    if (text !== undefined)
      stale.push(...staleAddressesIn(path, text, valueOf));
    if (why !== undefined) unread.push(`${path}  (${why})`);
  }
  return { stale, unread };
}

/** What the owner should know of what was not looked into; none where there is nothing such. */
export function unreadNotes(unread: readonly string[]): string[] {
  return unread.length === 0
    ? []
    : [
        ["Not searched for old addresses:", ...unread.map(printable)].join(
          "\n  ",
        ),
      ];
}

/** As findStaleAddresses, in one text. */
export function staleAddressesIn(
  path: string,
  text: string,
  valueOf: StaleValue,
): StaleAddress[] {
  const lineAt = lineCounter(text);
  return [...findTokens(text)].flatMap((token) => {
    const value = valueOf(token);
    if (value === undefined) return [];
    const line = lineAt(token.start);
    return [{ path, line, text: text.slice(token.start, token.end), value }];
  });
}
