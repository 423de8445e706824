import {
  formatAddress,
  formatSubnet,
  includes,
  type Subnet,
  type Version,
} from "../ip/address.ts";
import { movedAddress, movedSubnet } from "../answers/carry-over.ts";
import type { Plan } from "../plan/plan.ts";
import { subnetOf, type Token } from "../ip/find-addresses.ts";

/** The new value of a token; undefined if it stays as it is. */
export type NewValue = (
  token: Token,
) => Pick<Token, "value" | "length"> | undefined;

/**
 * The new value of each token. The plan's own values always change. Another value changes only if the
 * change is one to one: changing back gives the old value again (a host part may not fit into a smaller
 * subnet), and nothing else has the new value. So two addresses of the owner's never become one.
 * @param existing names (nameOf) in the owner's texts before anything is rewritten
 */
export function newValues(
  from: Plan,
  to: Plan,
  existing: ReadonlySet<string> = new Set(),
): NewValue {
  const there = moves(from, to);
  const back = moves(to, from);
  const own = new Set(namesOf(from, to));
  const used = new Set([...existing, ...own, ...namesOf(to, from)]);
  const interfaces = interfacePairs(from, to);

  const ofAddress = (version: Version, value: bigint): bigint => {
    const now = there.address(version, value);
    if (own.has(formatAddress(version, value))) return now;
    const free = !used.has(formatAddress(version, now));
    return free && back.address(version, now) === value ? now : value;
  };
  const ofSubnet = (subnet: Subnet): Subnet => {
    const now = there.subnet(subnet);
    const name = formatSubnet(subnet);
    if (own.has(name)) return now;
    const free = !used.has(formatSubnet(now));
    return free && formatSubnet(back.subnet(now)) === name ? now : subnet;
  };
  return (token) => {
    const { version, value, length } = token;
    const subnet = subnetOf(token);
    const moved = (now: bigint, bits: number | undefined) =>
      now === value && bits === length
        ? undefined
        : { value: now, length: bits };
    if (subnet !== undefined) {
      const now = ofSubnet(subnet);
      return moved(now.network, now.length);
    }
    const known = interfaces.get(`${formatAddress(version, value)}/${length}`);
    return known
      ? moved(known.address, known.length)
      : moved(ofAddress(version, value), length);
  };
}

interface Moves {
  readonly address: (version: Version, value: bigint) => bigint;
  readonly subnet: (subnet: Subnet) => Subnet;
}

/** Maps the plan's own values to the new ones, and values in a subnet that moved to the same place in the new one. */
function moves(from: Plan, to: Plan): Moves {
  const addresses = new Map(
    addressPairs(from, to).map(([version, old, now]) => [
      formatAddress(version, old),
      now,
    ]),
  );
  const subnets = new Map(
    subnetPairs(from, to).map(([old, now]) => [formatSubnet(old), now]),
  );
  const areas = movedAreas(from, to);
  return {
    address(version, value) {
      const known = addresses.get(formatAddress(version, value));
      if (known !== undefined) return known;
      for (const [old, now] of areas) {
        const moved =
          old.version === version ? movedAddress(value, old, now) : undefined;
        if (moved !== undefined) return moved;
      }
      return value;
    },
    subnet(subnet) {
      const known = subnets.get(formatSubnet(subnet));
      if (known !== undefined) return known;
      for (const [old, now] of areas) {
        const moved = movedSubnet(subnet, old, now);
        if (moved !== undefined) return moved;
      }
      return subnet;
    },
  };
}

/** The names of the values of a plan that the other plan has, too. */
const namesOf = (plan: Plan, other: Plan): string[] =>
  namedPairs(plan, other).map(([name]) => name);

/** The names that only the new plan has: in an older text they are the owner's own. */
export function newNames(from: Plan, to: Plan): Set<string> {
  const before = new Set(namesOf(from, to));
  return new Set(namesOf(to, from).filter((name) => !before.has(name)));
}

/** Subnets that moved, old and new, innermost first. */
export function movedAreas(from: Plan, to: Plan): [Subnet, Subnet][] {
  const now = areasOf(to);
  return areasOf(from)
    .map((old, index): [Subnet, Subnet] => [old, now[index] as Subnet])
    .filter(([old, now]) => !includes(now, old));
}

/** A plan's subnets, innermost first. */
export function areasOf({ numbers }: Plan): Subnet[] {
  const { exposed, internalPrefix, backend, prefix } = numbers;
  return [exposed.subnet, internalPrefix, backend.subnet, prefix];
}

/** What both plans name, as text, old and new: it wins over a place in a subnet. */
export const namedPairs = (from: Plan, to: Plan): [string, string][] => [
  ...addressPairs(from, to).map(([version, ...both]): [string, string] => [
    formatAddress(version, both[0]),
    formatAddress(version, both[1]),
  ]),
  ...subnetPairs(from, to).map(([old, now]): [string, string] => [
    formatSubnet(old),
    formatSubnet(now),
  ]),
];

/** The addresses that both plans have, old and new. */
function addressPairs(
  { numbers: from }: Plan,
  { numbers: to }: Plan,
): [Version, bigint, bigint][] {
  const pairs: [Version, bigint, bigint][] = [
    [6, from.exposed.gateway, to.exposed.gateway],
    [6, from.kong, to.kong],
    [4, from.backend.gateway, to.backend.gateway],
    [4, from.backend.kong, to.backend.kong],
  ];
  if (from.host && to.host) pairs.push([6, from.host.address, to.host.address]);
  if (from.gateway !== undefined && to.gateway !== undefined)
    pairs.push([6, from.gateway, to.gateway]);
  for (const [name, address] of from.expose) {
    const now = to.expose.get(name);
    if (now !== undefined) pairs.push([6, address, now]);
  }
  if (from.ipv4 && to.ipv4) pairs.push([4, from.ipv4.address, to.ipv4.address]);
  if (from.ipv4?.netplan && to.ipv4?.netplan)
    pairs.push([4, from.ipv4.netplan.gateway, to.ipv4.netplan.gateway]);
  return pairs;
}

/** The subnets that both plans have, old and new. */
function subnetPairs(
  { numbers: from }: Plan,
  { numbers: to }: Plan,
): [Subnet, Subnet][] {
  return [
    [from.prefix, to.prefix],
    [from.exposed.subnet, to.exposed.subnet],
    [from.exposed.range, to.exposed.range],
    [from.internalPrefix, to.internalPrefix],
    [from.backend.subnet, to.backend.subnet],
    [from.backend.range, to.backend.range],
  ];
}

/** The server's addresses with the prefix lengths of their links: old text to new value. */
function interfacePairs(
  from: Plan,
  to: Plan,
): Map<string, { readonly address: bigint; readonly length: number }> {
  const pairs = new Map<string, { address: bigint; length: number }>();
  if (from.host && to.numbers.host)
    pairs.set(from.host.interface, to.numbers.host);
  const now = to.numbers.ipv4;
  if (from.ipv4.netplan && now?.netplan) {
    const { length } = now.netplan;
    pairs.set(from.ipv4.netplan.interface, { address: now.address, length });
  }
  return pairs;
}
