import { attempt } from "../../base/errors.ts";
import {
  contains,
  formatAddress6,
  formatSubnet,
  includes,
  parseSubnet,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import { parseInterface } from "../../answers/parse-names.ts";
import { parsePrefix } from "../../answers/parse-addresses.ts";
import type { Answers } from "../../answers/types.ts";
import { isUla, whyNotGlobal } from "../../ip/special-ranges.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address, Route } from "../parse/network.ts";

/** The interface with the default route, and the fact that shows it. */
export interface Uplink {
  readonly name: string;
  readonly source: string;
  /** Its IPv6 default route, if it has one. */
  readonly route: Route | undefined;
  /** Other interfaces with an IPv6 default route. */
  readonly others: readonly string[];
  /** Why it is not one of these: `its metric is lowest`. */
  readonly why: string;
  readonly pointToPoint: boolean;
}

/** The default routes of a family, sorted by metric. */
function defaults(facts: Facts, version: 4 | 6): Route[] {
  return facts.routes
    .filter(
      ({ destination }) =>
        destination.length === 0 && destination.version === version,
    )
    .sort((one, other) => one.metric - other.metric);
}

/**
 * The interface of the IPv6 default route with the lowest metric, otherwise that of the IPv4 one.
 * @param wanted the interface that the owner gave; it is used if it exists
 */
export function findUplink(facts: Facts, wanted?: string): Uplink | undefined {
  const six = defaults(facts, 6);
  const name =
    wanted ??
    [...six, ...defaults(facts, 4)]
      .map(({ device }) => device)
      .find((device) => attempt(() => parseInterface(device)));
  const link = facts.links.find((one) => one.name === name);
  if (link === undefined || name === undefined) return undefined;
  const routes = six.filter(({ device }) => device === name);
  return {
    name,
    source:
      routes.length > 0
        ? "the IPv6 default route"
        : "the IPv4 default route (there is none for IPv6)",
    route: routes[0],
    others: [...new Set(six.map(({ device }) => device))].filter(
      (device) => device !== name,
    ),
    why: "its metric is lowest",
    pointToPoint: link.pointToPoint,
  };
}

/**
 * The uplink of a run: the given interface; otherwise the one that has an address of the given prefix;
 * otherwise the one in the repository if it still has an IPv6 default route or an address of its prefix;
 * otherwise the first one.
 */
export function uplinkOf(
  facts: Facts,
  { interface: name, prefix }: Partial<Answers>,
  previous: Answers | undefined,
): Uplink | undefined {
  if (name !== undefined) return findUplink(facts, name);
  const earlier = previous && findUplink(facts, previous.interface);
  const first = findUplink(facts);
  const others = first?.others.map((other) => findUplink(facts, other)) ?? [];
  const ofPrefix =
    prefix === undefined
      ? undefined
      : [earlier, first, ...others].find((one) =>
          hasAddressOn(facts, one?.name, prefix),
        );
  if (ofPrefix) return { ...ofPrefix, why: `it has an address in ${prefix}` };
  const stays =
    previous &&
    (earlier?.route || hasAddressOn(facts, earlier?.name, previous.prefix));
  return stays ? earlier : first;
}

/** The lasting public IPv6 addresses of the uplink; the one most likely the server's own comes first. */
export function publicAddresses(facts: Facts, uplink: string): Address[] {
  return addressesOf(facts, uplink, 6)
    .filter(({ value }) => whyNotGlobal(subnetAt(6, value, 128)) === undefined)
    .sort(
      (one, other) =>
        // Preferred before deprecated, static before advertised, with a subnet before single.
        Number(one.deprecated) - Number(other.deprecated) ||
        Number(one.dynamic) - Number(other.dynamic) ||
        Number(one.length > 64) - Number(other.length > 64) ||
        (one.value < other.value ? -1 : 1),
    );
}

/** Whether an interface has an address of a prefix. */
export function hasAddressOn(
  facts: Facts,
  name: string | undefined,
  prefix: string,
): boolean {
  if (name === undefined) return false;
  const subnet = parseSubnet(6, prefix);
  return publicAddresses(facts, name).some(({ value }) =>
    contains(subnet, value),
  );
}

/** The lasting addresses of one family on an interface. */
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

/** Whether the uplink has only unique local addresses (RFC 4193). */
export function onlyUla(facts: Facts, uplink: string): boolean {
  const all = addressesOf(facts, uplink, 6);
  return (
    all.length > 0 && all.every(({ value }) => isUla(subnetAt(6, value, 128)))
  );
}

/** A longer prefix has no room for a subnet. */
const LONGEST = 126;

/** The provider's prefix, as the uplink shows it. */
export interface OnLink {
  readonly prefix: Subnet;
  readonly source: string;
}

/**
 * The prefix of an address: from its own prefix length, from an on-link route (an address from
 * DHCPv6 is a /128), or from a bridge for virtual machines that has the prefix. undefined if there
 * is none of them: a /128 alone shows no prefix.
 */
export function prefixOf(facts: Facts, address: Address): OnLink | undefined {
  const { value, length, device } = address;
  const own = subnetAt(6, value, length);
  if (length <= LONGEST)
    return fit(own, `${device} has ${formatAddress6(value)}/${length}`);
  const route = linkRoutes(facts, device).find(({ destination }) =>
    contains(destination, value),
  );
  if (route)
    return fit(
      route.destination,
      `${formatSubnet(route.destination)} is on the link of ${device}`,
    );
  const beside = bridgesBeside(facts, device).find(({ subnet }) =>
    contains(subnet, value),
  );
  return (
    beside &&
    fit(
      beside.subnet,
      `${beside.device} has ${formatAddress6(beside.value)}/${beside.subnet.length}, beside ${formatAddress6(value)} on ${device}`,
    )
  );
}

/** Public subnets of other interfaces that are not Docker's. */
function bridgesBeside(
  { addresses, docker }: Facts,
  uplink: string,
): { device: string; value: bigint; subnet: Subnet }[] {
  const containers = new Set(docker.networks.map(({ bridge }) => bridge));
  return addresses
    .filter(
      ({ device, version, lasting, length }) =>
        device !== uplink &&
        !containers.has(device) &&
        version === 6 &&
        lasting &&
        length <= LONGEST,
    )
    .map(({ device, value, length }) => ({
      device,
      value,
      subnet: subnetAt(6, value, length),
    }));
}

/** On-link subnets, the longest first. */
function linkRoutes(facts: Facts, device: string): Route[] {
  return facts.routes
    .filter(
      ({ destination, gateway, device: leads }) =>
        leads === device &&
        gateway === undefined &&
        destination.version === 6 &&
        destination.length > 0 &&
        destination.length <= LONGEST,
    )
    .sort((one, other) => other.destination.length - one.destination.length);
}

function fit(subnet: Subnet, source: string): OnLink | undefined {
  const prefix = attempt(() => parsePrefix(formatSubnet(subnet)));
  return prefix && { prefix, source };
}

/**
 * The proof that a prefix is on-link, if there is one. The server's own configuration is no proof: a
 * routed /64 is usually configured the same way. Nothing on the server proves that a prefix is routed.
 */
export function onLinkProof(
  facts: Facts,
  { name, route }: Uplink,
  prefix: Subnet,
  host: Address,
): string | undefined {
  const gateway = route?.gateway;
  if (gateway !== undefined && contains(prefix, gateway))
    return `the router ${formatAddress6(gateway)} has an address in the prefix`;
  const link = subnetAt(6, host.value, host.length);
  if (
    gateway !== undefined &&
    contains(link, gateway) &&
    includes(link, prefix)
  )
    return `the router ${formatAddress6(gateway)} is on the same link, ${formatSubnet(link)}`;
  const advertised = linkRoutes(facts, name).find(
    (link) => link.advertised && contains(link.destination, prefix.network),
  );
  if (advertised)
    return `the router advertises ${formatSubnet(advertised.destination)} as on-link`;
  const neighbour = facts.neighbours.find(
    ({ device, value }) => device === name && contains(prefix, value),
  );
  return (
    neighbour && `${formatAddress6(neighbour.value)} is on the link of ${name}`
  );
}
