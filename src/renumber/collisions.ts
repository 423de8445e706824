import type { Issue } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { lineCounter } from "../repository/walk.ts";
import { findTokens, subnetOf } from "../ip/find-addresses.ts";

/**
 * Warns where the owner's files have Kong's new address already: it may be another container's, and
 * only the owner can tell. No address of the owner's is rewritten to it (newValues() in moves.ts).
 * @param files path and text before anything is rewritten
 * @param before earlier plans, newest first
 */
export function kongCollisions(
  files: Iterable<readonly [path: string, text: string]>,
  present: Plan,
  before: readonly Plan[],
): Issue[] {
  const { address } = present.kong;
  // Kong had this address before, so it is Kong's.
  if (before.some((plan) => plan.kong.address === address)) return [];
  return [...files].flatMap(([path, text]) => {
    const lineAt = lineCounter(text);
    return findTokens(text).flatMap((token): Issue[] => {
      const { start, value, version } = token;
      if (version !== 6 || value !== present.numbers.kong || subnetOf(token))
        return [];
      return [
        {
          flag: "--kong",
          value: address,
          reason: `${path}:${lineAt(start)} already contains this address`,
          remedy: "Make sure that only Kong gets it",
        },
      ];
    });
  });
}
