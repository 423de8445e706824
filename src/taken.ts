import { formatAddress, parseAddress } from "./address.ts";
import type { Issue } from "./errors.ts";
import type { Follow } from "./follow.ts";
import type { Plan } from "./plan.ts";
import { lineCounter } from "./text-files.ts";
import { findTokens, subnetOf } from "./tokens.ts";

/**
 * Where the owner's files have Kong's new address already: it may be another container's, and only
 * the owner can tell.
 * @param files path and text before anything is followed
 * @param followOf how a file's values are followed; nothing for the owner's own files
 * @param before newest first
 */
export function takenBefore(
  files: Iterable<readonly [path: string, text: string]>,
  followOf: (path: string) => Follow | undefined,
  present: Plan,
  before: readonly Plan[],
): Issue[] {
  const { address } = present.kong;
  const kong = parseAddress(6, address);
  // Where Kong itself was before, its address isn't another's.
  const own = new Set(before.map((plan) => plan.kong.address));
  return [...files].flatMap(([path, text]) => {
    const lineAt = lineCounter(text);
    return [...findTokens(text)].flatMap((token): Issue[] => {
      const { start, end, value, version } = token;
      if (version !== 6 || subnetOf(token)) return [];
      if (own.has(formatAddress(6, value))) return [];
      const spelled = text.slice(start, end);
      const followed = followOf(path)?.(spelled) ?? spelled;
      const [now] = findTokens(followed);
      if (now?.value !== kong) return [];
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
