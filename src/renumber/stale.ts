import {
  formatAddress,
  formatSubnet,
  includes,
  type Subnet,
} from "../ip/address.ts";
import { areasOf, movedAreas, namedPairs } from "./moves.ts";
import type { Plan } from "../plan/plan.ts";
import { subnetOf, type Token } from "../ip/find-addresses.ts";

/** The old value that a token is, or the old subnet that holds it; undefined if the token is not stale. */
export type StaleValue = (token: Token) => string | undefined;

/**
 * Finds stale values: addresses and subnets of earlier plans that the present plan does not use, and
 * everything in a subnet that moved since.
 * @returns undefined if nothing moved
 */
export function staleValues(
  previous: readonly Plan[],
  present: Plan,
): StaleValue | undefined {
  const inUse = new Set(namedPairs(present, present).map(([name]) => name));
  const exact = new Set(
    previous
      .flatMap((plan) => namedPairs(plan, present))
      .filter(([old, now]) => old !== now)
      .map(([old]) => old),
  );
  const left = previous.flatMap((plan) => movedAreas(plan, present));
  if (exact.size === 0 && left.length === 0) return undefined;

  const areas = areasOf(present);
  const used = (inner: Subnet, old: Subnet, now: Subnet): boolean =>
    includes(now, inner) ||
    // Part of a present subnet. A subnet that contains the old one does not count.
    areas.some((area) => area.length >= old.length && includes(area, inner));
  return (token) => {
    const { version, value } = token;
    const subnet = subnetOf(token);
    const text = subnet ? formatSubnet(subnet) : formatAddress(version, value);
    const length = version === 4 ? 32 : 128;
    const inner = subnet ?? { version, network: value, length };
    if (inUse.has(text)) return undefined;
    if (exact.has(text)) return text;
    const area = left.find(
      ([old, now]) => includes(old, inner) && !used(inner, old, now),
    );
    return area && formatSubnet(area[0]);
  };
}
