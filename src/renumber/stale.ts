import {
  formatAddress,
  formatSubnet,
  includes,
  type Subnet,
} from "../ip/address.ts";
import { areasOf, movedAreas, namedPairs } from "./moves.ts";
import type { Plan } from "../plan/plan.ts";
import { subnetOf, type Token } from "../ip/find-addresses.ts";

/** The previous value that a token is, or lies in; undefined for none, and for what is in use. */
export type StaleValue = (token: Token) => string | undefined;

/**
 * Tells what has moved since previous plans from what the present one uses: the addresses and subnets
 * that one of them named, and all that lay in a subnet of theirs.
 * @returns undefined where nothing has moved
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
    // A subnet with another meaning now; one around the old one says nothing about this place.
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
