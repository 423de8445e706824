import type { Plan } from "./plan.ts";
import { formerValues, type FormerValue } from "./stale.ts";
import { lineCounter, textFiles } from "./text-files.ts";
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

/**
 * Every place in the repository, the owner's own files included, that holds what has moved since
 * (see stale.ts).
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
  const files = textFiles(directory, [present, ...former], instead);
  return [...files].flatMap(([path, text]) => leftoversIn(path, text, valueOf));
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
