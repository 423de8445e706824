import {
  contains,
  formatAddress,
  formatSubnet,
  type Subnet,
} from "../ip/address.ts";
import { areasOf, movedAreas, pairs } from "./rewrite.ts";
import type { Plan } from "../plan/plan.ts";
import { subnetOf, type Token } from "../ip/find-addresses.ts";

/** The former value that a token is, or lies in; undefined for none, and for what is in use. */
export type FormerValue = (token: Token) => string | undefined;

/**
 * Tells what has moved since former plans from what the present one uses: the addresses and subnets
 * that one of them named, and all that lay in a subnet of theirs.
 * @returns undefined where nothing has moved
 */
export function formerValues(
  former: readonly Plan[],
  present: Plan,
): FormerValue | undefined {
  const inUse = new Set(named(present, present).map(([value]) => value));
  const exact = new Set(
    former
      .flatMap((plan) => named(plan, present))
      .filter(([old, now]) => old !== now)
      .map(([old]) => old),
  );
  const left = former.flatMap((plan) => movedAreas(plan, present));
  if (exact.size === 0 && left.length === 0) return undefined;

  const areas = areasOf(present);
  const used = (inner: Subnet, old: Subnet, now: Subnet): boolean =>
    within(inner, now) ||
    // A subnet with another meaning now; one around the old one says nothing about this place.
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

/** What both plans name, old and new. */
const named = (from: Plan, to: Plan): [string, string][] =>
  pairs(from, to).flatMap((map) => [...map]);

/** As a subnet or an address lies in another; itself, too. */
const within = (inner: Subnet, outer: Subnet): boolean =>
  inner.version === outer.version &&
  inner.length >= outer.length &&
  contains(outer, inner.network);
