import {
  contains,
  formatAddress,
  formatSubnet,
  parseSubnet,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import { parseInterface } from "../../answers/parse-names.ts";
import { parsePrefix } from "../../answers/parse-addresses.ts";
import { isUla, whyNotGlobal } from "../../ip/special-ranges.ts";
import type { Facts } from "../parse/facts.ts";
import { attempt } from "../parse/json.ts";
import type { Address, Route } from "../parse/network.ts";

/** The interface that leads out, and how that was seen. */
export interface Uplink {
  readonly name: string;
  readonly source: string;
  /** Its IPv6 default route, where it has one. */
  readonly route: Route | undefined;
  /** Other interfaces with an IPv6 default route. */
  readonly others: readonly string[];
}

/** Default routes of a family, the one that the kernel takes first. */
function defaults(facts: Facts, version: 4 | 6): Route[] {
  return facts.routes
    .filter(
      ({ destination }) =>
        destination.length === 0 && destination.version === version,
    )
    .sort((one, other) => one.metric - other.metric);
}

/**
 * The interface of the IPv6 default route with the lowest metric, else of the IPv4's.
 * @param wanted the interface that the owner named: then it is that one, if it is there
 */
export function findUplink(facts: Facts, wanted?: string): Uplink | undefined {
  const six = defaults(facts, 6);
  const name =
    wanted ??
    [...six, ...defaults(facts, 4)]
      .map(({ device }) => device)
      .find((device) => attempt(() => parseInterface(device)));
  if (!facts.links.some((link) => link.name === name) || name === undefined)
    return undefined;
  const routes = six.filter(({ device }) => device === name);
  return {
    name,
    source:
      routes.length > 0
        ? "the IPv6 default route"
        : "the IPv4 default route; there is none for IPv6",
    route: routes[0],
    others: [...new Set(six.map(({ device }) => device))].filter(
      (device) => device !== name,
    ),
  };
}

/** The uplink's public IPv6 addresses that are to stay; the likeliest server's own first. */
export function publicAddresses(facts: Facts, uplink: string): Address[] {
  return addressesOf(facts, uplink, 6)
    .filter(({ value }) => whyNotGlobal(subnetAt(6, value, 128)) === undefined)
    .sort(
      (one, other) =>
        // What somebody configured, before what was advertised; in its subnet, before alone.
        Number(one.dynamic) - Number(other.dynamic) ||
        Number(one.length > 64) - Number(other.length > 64) ||
        (one.value < other.value ? -1 : 1),
    );
}

/** Whether a server's uplink carries an address of a prefix. */
export function carries(facts: Facts, prefix: string): boolean {
  const uplink = findUplink(facts);
  const subnet = parseSubnet(6, prefix);
  return (
    uplink !== undefined &&
    publicAddresses(facts, uplink.name).some(({ value }) =>
      contains(subnet, value),
    )
  );
}

/** Addresses of one family that an interface keeps. */
export function addressesOf(
  facts: Facts,
  device: string,
  version: 4 | 6,
): Address[] {
  return facts.addresses.filter(
    (address) =>
      address.device === device &&
      address.version === version &&
      address.lasting,
  );
}

/** Whether the uplink has none but unique local addresses (RFC 4193). */
export function onlyUla(facts: Facts, uplink: string): boolean {
  const all = addressesOf(facts, uplink, 6);
  return (
    all.length > 0 && all.every(({ value }) => isUla(subnetAt(6, value, 128)))
  );
}

/** A provider's prefix, as it is seen on the uplink. */
export interface OnLink {
  readonly prefix: Subnet;
  readonly source: string;
}

/**
 * The prefix that an address is in: by its own length, or by a route to the link (an address from
 * DHCPv6 is a /128). undefined where there is neither: a /128 alone says nothing of the rest.
 */
export function prefixOf(facts: Facts, address: Address): OnLink | undefined {
  const { value, length, device } = address;
  const own = subnetAt(6, value, length);
  if (length <= 64)
    return fit(own, `${text6(value)}/${length} is on ${device}`);
  const route = linkRoutes(facts, device).find(({ destination }) =>
    contains(destination, value),
  );
  return (
    route &&
    fit(
      route.destination,
      `route to ${formatSubnet(route.destination)} on the link of ${device}`,
    )
  );
}

/** Subnets up to /64 that are reached on a link without a router, the longest first. */
function linkRoutes(facts: Facts, device: string): Route[] {
  return facts.routes
    .filter(
      ({ destination, gateway, device: leads }) =>
        leads === device &&
        gateway === undefined &&
        destination.version === 6 &&
        destination.length > 0 &&
        destination.length <= 64,
    )
    .sort((one, other) => other.destination.length - one.destination.length);
}

function fit(subnet: Subnet, source: string): OnLink | undefined {
  const prefix = attempt(() => parsePrefix(formatSubnet(subnet)));
  return prefix && { prefix, source };
}

/**
 * Whether it can be told from the inside that a prefix is on-link: how the server has it configured
 * is no proof (facts: a routed /64 is usually configured the same).
 * @returns the proof, or undefined where there is none; that it is routed can't be seen
 */
export function onLinkProof(
  facts: Facts,
  { name, route }: Uplink,
  prefix: Subnet,
): string | undefined {
  const gateway = route?.gateway;
  if (gateway !== undefined && contains(prefix, gateway))
    return `the router ${text6(gateway)} is itself in the prefix`;
  const advertised = linkRoutes(facts, name).find(
    (link) => link.advertised && contains(link.destination, prefix.network),
  );
  if (advertised)
    return `the router advertises ${formatSubnet(advertised.destination)} as on-link`;
  const neighbour = facts.neighbours.find(
    ({ device, value }) => device === name && contains(prefix, value),
  );
  return (
    neighbour && `${text6(neighbour.value)} of the prefix is on ${name}'s link`
  );
}

export const text6 = (value: bigint): string => formatAddress(6, value);
