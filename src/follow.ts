import {
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  type Subnet,
  type Version,
} from "./address.ts";
import { movedAddress, movedSubnet, surrounds } from "./move.ts";
import type { Plan } from "./plan.ts";
import { findTokens, subnetOf, type Token } from "./tokens.ts";

/** Replaces in a text what a changed plan changed; everything else stays to the byte. */
export type Follow = (text: string) => string;

/**
 * Follows addresses, subnets and reverse names from one plan to another: those of the plan to their
 * new values, others inside a subnet that moved to the same place in the new one.
 */
export function follow(from: Plan, to: Plan): Follow {
  const [addresses, subnets] = pairs(from, to);
  const areas = movedAreas(from, to);
  const interfaces = new Map([[from.host.interface, to.host.interface]]);
  if (from.ipv4.netplan && to.ipv4.netplan) {
    interfaces.set(from.ipv4.netplan.interface, to.ipv4.netplan.interface);
  }

  const followAddress = (version: Version, value: bigint): bigint => {
    const text = formatAddress(version, value);
    const known = addresses.get(text);
    if (known !== undefined) return parseAddress(version, known);
    for (const [old, now] of areas) {
      const moved =
        old.version === version ? movedAddress(value, old, now) : undefined;
      if (moved !== undefined) return moved;
    }
    return value;
  };
  const followSubnet = (subnet: Subnet): Subnet => {
    const known = subnets.get(formatSubnet(subnet));
    if (known !== undefined) return parse(known);
    for (const [old, now] of areas) {
      const moved = movedSubnet(subnet, old, now);
      if (moved !== undefined) return moved;
    }
    return subnet;
  };

  return (text) => {
    let result = "";
    let end = 0;
    for (const token of findTokens(text)) {
      const replacement = followToken(
        token,
        interfaces,
        followAddress,
        followSubnet,
      );
      if (replacement === undefined) continue;
      result += text.slice(end, token.start) + replacement;
      end = token.end;
    }
    return result + text.slice(end);
  };
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

type OfAddress = (version: Version, value: bigint) => bigint;
type OfSubnet = (subnet: Subnet) => Subnet;

/** The token's replacement, or undefined where it stays. */
function followToken(
  token: Token,
  interfaces: ReadonlyMap<string, string>,
  ofAddress: OfAddress,
  ofSubnet: OfSubnet,
): string | undefined {
  const { version, value, length } = token;
  const subnet = subnetOf(token);
  if (subnet !== undefined) {
    const now = ofSubnet(subnet);
    return formatSubnet(now) === formatSubnet(subnet)
      ? undefined
      : token.respell(now.network, now.length);
  }
  if (length !== undefined) {
    const known = interfaces.get(`${formatAddress(version, value)}/${length}`);
    if (known !== undefined) {
      const [address = "", bitsNow] = known.split("/");
      const now = parseAddress(version, address);
      return now === value && Number(bitsNow) === length
        ? undefined
        : token.respell(now, Number(bitsNow));
    }
  }
  const now = ofAddress(version, value);
  return now === value ? undefined : token.respell(now, length);
}
