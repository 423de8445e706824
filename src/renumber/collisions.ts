import type { Issue } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { lineCounter } from "../repository/walk.ts";
import { findTokens, subnetOf } from "../ip/find-addresses.ts";

/**
 * Where the owner's files have Kong's new address already: it may be another container's, and only
 * the owner can tell. Nothing of the owner's is ever followed onto it (newValues() in follow.ts).
 * @param files path and text before anything is followed
 * @param before newest first
 */
export function kongCollisions(
  files: Iterable<readonly [path: string, text: string]>,
  present: Plan,
  before: readonly Plan[],
): Issue[] {
  const { address } = present.kong;
  // Where Kong itself was before, its address isn't another's.
  if (before.some((plan) => plan.kong.address === address)) return [];
  return [...files].flatMap(([path, text]) => {
    const lineAt = lineCounter(text);
    return [...findTokens(text)].flatMap((token): Issue[] => {
      const { start, value, version } = token;
      if (version !== 6 || value !== present.numbers.kong || subnetOf(token))
        return [];
      return [
        {
          flag: "--kong",
          value: address,
          reason: `${path}:${lineAt(start)} has it already`,
          remedy: "See that nothing but Kong gets it",
        },
      ];
    });
  });
}
