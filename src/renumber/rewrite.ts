import {
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  type Subnet,
  type Version,
} from "../ip/address.ts";
import { movedAddress, movedSubnet, surrounds } from "../answers/carry-over.ts";
import { areOwned, type Owned } from "./ownership.ts";
import { remembered, spelledAs } from "./spelled.ts";
import type { Plan } from "../plan/plan.ts";
import { findTokens, subnetOf, type Token } from "../ip/find-addresses.ts";

/**
 * Replaces in a text what a changed plan changed; everything else stays to the byte, and so do the
 * places that are known to be the owner's own.
 */
export type Follow = (text: string, owned?: Owned) => string;

/** What a token becomes; undefined where it stays. */
export type Place = (
  token: Token,
) => Pick<Token, "value" | "length"> | undefined;

/**
 * Follows addresses, subnets and reverse names from one plan to another: those of the plan to their
 * new values, others inside a subnet that moved to the same place in the new one, as places() says.
 */
export function follow(
  from: Plan,
  to: Plan,
  standing?: ReadonlySet<string>,
): Follow {
  return followTo(places(from, to, standing));
}

export const followTo =
  (placeOf: Place): Follow =>
  (text, owned) => {
    const tokens = [...findTokens(text)];
    const stays = areOwned(text, tokens, owned);
    const known = remembered(tokens, owned?.spelled);
    let result = "";
    let end = 0;
    for (const [index, token] of tokens.entries()) {
      const now = stays[index] ? undefined : placeOf(token);
      if (now === undefined) continue;
      const spelled = spelledAs(token, now, known[index] ?? "");
      result += text.slice(end, token.start) + spelled;
      end = token.end;
    }
    return result + text.slice(end);
  };

/**
 * Where each token goes. The plan's own values always move. Another one moves only where the move is
 * one to one: where the way back leads to it again (its host part fits into a smaller subnet), and
 * nobody else is at its new place. It stays otherwise: two addresses of the owner's never become one.
 * @param standing names (nameOf) that stand in the owner's texts before anything is followed
 */
export function places(
  from: Plan,
  to: Plan,
  standing: ReadonlySet<string> = new Set(),
): Place {
  const there = moves(from, to);
  const back = moves(to, from);
  const own = new Set(namesOf(from, to));
  const taken = new Set([...standing, ...own, ...namesOf(to, from)]);
  const interfaces = new Map([[from.host.interface, to.host.interface]]);
  if (from.ipv4.netplan && to.ipv4.netplan) {
    interfaces.set(from.ipv4.netplan.interface, to.ipv4.netplan.interface);
  }

  const ofAddress = (version: Version, value: bigint): bigint => {
    const now = there.address(version, value);
    if (own.has(formatAddress(version, value))) return now;
    const free = !taken.has(formatAddress(version, now));
    return free && back.address(version, now) === value ? now : value;
  };
  const ofSubnet = (subnet: Subnet): Subnet => {
    const now = there.subnet(subnet);
    const name = formatSubnet(subnet);
    if (own.has(name)) return now;
    const free = !taken.has(formatSubnet(now));
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
    if (known === undefined) return moved(ofAddress(version, value), length);
    const [address = "", bits] = known.split("/");
    return moved(parseAddress(version, address), Number(bits));
  };
}

interface Moves {
  readonly address: (version: Version, value: bigint) => bigint;
  readonly subnet: (subnet: Subnet) => Subnet;
}

/** The plan's own values to the new ones, what lies in an area that moved to its place there. */
function moves(from: Plan, to: Plan): Moves {
  const [addresses, subnets] = pairs(from, to);
  const areas = movedAreas(from, to);
  return {
    address(version, value) {
      const known = addresses.get(formatAddress(version, value));
      if (known !== undefined) return parseAddress(version, known);
      for (const [old, now] of areas) {
        const moved =
          old.version === version ? movedAddress(value, old, now) : undefined;
        if (moved !== undefined) return moved;
      }
      return value;
    },
    subnet(subnet) {
      const known = subnets.get(formatSubnet(subnet));
      if (known !== undefined) return parse(known);
      for (const [old, now] of areas) {
        const moved = movedSubnet(subnet, old, now);
        if (moved !== undefined) return moved;
      }
      return subnet;
    },
  };
}

/** The names that a plan gives to what both plans have. */
const namesOf = (plan: Plan, other: Plan): string[] =>
  pairs(plan, other).flatMap((map) => [...map.keys()]);

/** What another plan names and this one doesn't: where it stands already, it is the owner's own. */
export function newNames(from: Plan, to: Plan): Set<string> {
  const before = new Set(namesOf(from, to));
  return new Set(namesOf(to, from).filter((name) => !before.has(name)));
}

/** Subnets that moved, old and new, innermost first: their inhabitants move along. */
export function movedAreas(from: Plan, to: Plan): [Subnet, Subnet][] {
  const now = areasOf(to);
  return areasOf(from)
    .map((old, index): [Subnet, Subnet] => [old, now[index] as Subnet])
    .filter(([old, now]) => !surrounds(now, old));
}

/** A plan's subnets, innermost first. */
export function areasOf(plan: Plan): Subnet[] {
  return [
    plan.exposed.subnet,
    plan.internalPrefix,
    plan.backend.subnet,
    plan.prefix,
  ].map(parse);
}

const parse = (text: string): Subnet =>
  parseSubnet(text.includes(":") ? 6 : 4, text);

/**
 * What both plans themselves say of each, old to new: addresses, then subnets. It wins over a place
 * in a subnet.
 */
export function pairs(
  from: Plan,
  to: Plan,
): [Map<string, string>, Map<string, string>] {
  const addresses = new Map([
    [from.host.address, to.host.address],
    [from.gateway.address, to.gateway.address],
    [from.exposed.gateway, to.exposed.gateway],
    [from.kong.address, to.kong.address],
    [from.backend.gateway, to.backend.gateway],
    [from.backend.kong, to.backend.kong],
  ]);
  if (from.ipv4.address !== "" && to.ipv4.address !== "") {
    addresses.set(from.ipv4.address, to.ipv4.address);
  }
  if (from.ipv4.netplan && to.ipv4.netplan) {
    addresses.set(from.ipv4.netplan.gateway, to.ipv4.netplan.gateway);
  }
  const subnets = new Map([
    [from.prefix, to.prefix],
    [from.exposed.subnet, to.exposed.subnet],
    [from.exposed.range, to.exposed.range],
    [from.internalPrefix, to.internalPrefix],
    [from.backend.subnet, to.backend.subnet],
    [from.backend.range, to.backend.range],
  ]);
  return [addresses, subnets];
}
