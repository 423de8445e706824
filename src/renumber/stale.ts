import {
  contains,
  formatAddress,
  formatSubnet,
  type Subnet,
} from "../ip/address.ts";
import { areasOf, movedAreas, pairs } from "./moves.ts";
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
  const inUse = new Set(named(present, present).map(([value]) => value));
  const exact = new Set(
    previous
      .flatMap((plan) => named(plan, present))
      .filter(([old, now]) => old !== now)
      .map(([old]) => old),
  );
  const left = previous.flatMap((plan) => movedAreas(plan, present));
  if (exact.size === 0 && left.length === 0) return undefined;

  const areas = areasOf(present);
  const used = (inner: Subnet, old: Subnet, now: Subnet): boolean =>
    within(inner, now) ||
    // Part of a present subnet. A subnet that contains the old one does not count.
    areas.some((area) => area.length >= old.length && within(inner, area));
  return (token) => {
    const { version, value } = token;
    const subnet = subnetOf(token);
    const text = subnet ? formatSubnet(subnet) : formatAddress(version, value);
    const length = version === 4 ? 32 : 128;
    const inner = subnet ?? { version, network: value, length };
    if (inUse.has(text)) return undefined;
    if (exact.has(text)) return text;
    const area = left.find(
      ([old, now]) => within(inner, old) && !used(inner, old, now),
    );
    return area && formatSubnet(area[0]);
  };
}

/** The values that both plans have, old and new. */
const named = (from: Plan, to: Plan): [string, string][] =>
  pairs(from, to).flatMap((map) => [...map]);

/** Whether a subnet or address is another subnet, or part of it. */
const within = (inner: Subnet, outer: Subnet): boolean =>
  inner.version === outer.version &&
  inner.length >= outer.length &&
  contains(outer, inner.network);
