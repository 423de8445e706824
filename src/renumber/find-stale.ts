import type { Disk } from "../repository/disk.ts";
import type { Plan } from "../plan/plan.ts";
import { printable } from "../base/escape.ts";
import { formerValues, type FormerValue } from "./stale.ts";
import { filesSeen, lineCounter } from "../repository/walk.ts";
import { findTokens } from "../ip/find-addresses.ts";

/** A place where an address or a subnet of the past still stands. */
export interface Leftover {
  readonly path: string;
  /** Counted from 1; 0 where it stands in the path itself. */
  readonly line: number;
  /** As it is spelled there. */
  readonly text: string;
  /** The former address, or the former subnet that it lies in. */
  readonly value: string;
}

/** What was found, and what could not be looked into. */
export interface Search {
  readonly leftovers: readonly Leftover[];
  /** Each with the reason: `big.log  (larger than 1 MiB)`. */
  readonly unseen: readonly string[];
}

/**
 * Every place in the repository, the owner's own files included, that holds what has moved since
 * (see stale.ts).
 * @param instead texts (or null for none) of files that are about to change
 * @param known files that have been read already
 */
export function findLeftovers(
  directory: string,
  present: Plan,
  former: readonly Plan[],
  instead: ReadonlyMap<string, string | null> = new Map(),
  known?: Disk,
): Search {
  const valueOf = formerValues(former, present);
  const leftovers: Leftover[] = [];
  const unseen: string[] = [];
  if (valueOf === undefined) return { leftovers, unseen };
  const plans = [present, ...former];
  for (const seen of filesSeen(directory, plans, instead, known)) {
    const { path, text, why } = seen;
    const inPath = leftoversIn(path, path, valueOf);
    leftovers.push(...inPath.map((found) => ({ ...found, line: 0 })));
    if (text !== undefined) leftovers.push(...leftoversIn(path, text, valueOf));
    if (why !== undefined) unseen.push(`${path}  (${why})`);
  }
  return { leftovers, unseen };
}

/** What the owner should know of what was not looked into; none where there is nothing such. */
export function unseenNotes(unseen: readonly string[]): string[] {
  return unseen.length === 0
    ? []
    : [
        [
          "Not looked into for former addresses:",
          ...unseen.map(printable),
        ].join("\n  "),
      ];
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
