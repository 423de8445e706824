import type { Issue } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { lineCounter } from "../base/line-counter.ts";
import { formatAddress } from "../ip/address.ts";
import { findTokens, subnetOf } from "../ip/find-addresses.ts";

/** The addresses of a plan that only one machine or container may have. */
const SINGLE = [
  { flag: "--kong", who: "Kong", of: ({ numbers }: Plan) => numbers.kong },
  {
    flag: "--host",
    who: "the server",
    of: ({ numbers }: Plan) => numbers.host.address,
  },
] as const;

/**
 * Warns where the owner's files have the new address of Kong or the server already: it may be
 * another container's, and only the owner can tell. No address of the owner's is rewritten to Kong's
 * (newValues() in moves.ts).
 * @param files path and text before anything is rewritten
 * @param before earlier plans, newest first
 */
export function collisions(
  files: Iterable<readonly [path: string, text: string]>,
  present: Plan,
  before: readonly Plan[],
): Issue[] {
  // An address that Kong or the server had before is no collision.
  const changed = SINGLE.filter(
    ({ of }) => !before.some((plan) => of(plan) === of(present)),
  );
  if (changed.length === 0) return [];
  return [...files].flatMap(([path, text]) => {
    const lineAt = lineCounter(text);
    return findTokens(text).flatMap((token) =>
      changed
        .filter(
          ({ of }) =>
            token.version === 6 &&
            token.value === of(present) &&
            !subnetOf(token),
        )
        .map(({ flag, who, of }): Issue => ({
          flag,
          value: formatAddress(6, of(present)),
          reason: `${path}:${lineAt(token.start)} already contains this address`,
          remedy: `Make sure that only ${who} gets it`,
        })),
    );
  });
}
