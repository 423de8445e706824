import {
  contains,
  includes,
  overlaps,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import { defaultHost, exposedIn, hostIn } from "./defaults.ts";
import type { Ipv6Interface, KnownAnswers } from "./types.ts";

// Values that fit the other answers where a default doesn't: errors name them, prompts offer them.

/** The server's own address, if it is known. */
export const hostAddress = ({ host }: KnownAnswers): bigint | undefined =>
  typeof host === "object" ? host.address : undefined;

/** The subnet of the server's link. */
export const linkOf = ({ address, length }: Ipv6Interface): Subnet =>
  subnetAt(6, address, length);

/** The gateway's address, if it has one. */
export const gatewayAddress = ({
  gateway,
}: KnownAnswers): bigint | undefined =>
  typeof gateway === "bigint" ? gateway : undefined;

/**
 * Why an address in the exposed subnet can't be Kong's.
 * Sources: RFC 4291 2.6.1; RFC 2526; moby libnetwork/ipam (the bridge takes the first address)
 */
export function whyNotKong(exposed: Subnet, kong: bigint): string | undefined {
  if (kong === exposed.network)
    return "it is the subnet-router anycast address (RFC 4291 2.6.1)";
  if (kong === exposed.network + 1n)
    return "Docker's bridge takes the first address";
  // In a subnet of 128 addresses or fewer the rule would reserve everything, so it can't apply.
  const last128 = exposed.network + size(exposed) - 128n;
  return size(exposed) > 128n && kong >= last128
    ? "the last 128 addresses are for anycast (RFC 2526)"
    : undefined;
}

/**
 * An address of the prefix that the server can have: ::2, or the next one that nothing else has and
 * that leaves room for an exposed subnet; undefined if there is none.
 */
export function freeHost(
  prefix: Subnet,
  known: KnownAnswers,
): bigint | undefined {
  const { exposed, kong, gateway } = known;
  const part =
    exposed && exposed.length > prefix.length && includes(prefix, exposed)
      ? exposed
      : undefined;
  const leavesRoom = (address: bigint): boolean =>
    part
      ? !contains(part, address)
      : freeSubnet({ ...known, prefix, host: { address, length: 64 } }) !==
        undefined;
  const isFree = (address: bigint): boolean =>
    address !== gateway && address !== kong && leavesRoom(address);
  let address = hostIn(prefix);
  while (contains(prefix, address) && !isFree(address))
    address =
      part && contains(part, address)
        ? part.network + size(part)
        : address + 1n;
  if (!contains(prefix, address)) address = prefix.network + 1n;
  return isFree(address) ? address : undefined;
}

/** The default server address, or the next one that nothing else has. */
export function fittingHost(
  known: KnownAnswers,
): Ipv6Interface | "keep" | undefined {
  const usual = defaultHost(known);
  if (typeof usual !== "object" || !known.prefix) return usual;
  return { ...usual, address: freeHost(known.prefix, known) ?? usual.address };
}

/** Whether the exposed subnet may be the whole prefix: it is routed, and the server lies outside. */
function mayBeWhole({ prefix, host, delivery }: KnownAnswers): boolean {
  if (prefix === undefined || delivery !== "routed") return false;
  return (
    host === "keep" || (host !== undefined && !contains(prefix, host.address))
  );
}

/**
 * The default exposed subnet: :300::/80 in the server's /64, or in the prefix's first one. Of a longer
 * prefix, the largest part without server and gateway; undefined if there is none, or before the
 * server's address is known.
 */
export function defaultExposed(known: KnownAnswers): Subnet | undefined {
  const { prefix, host } = known;
  if (prefix === undefined) return undefined;
  if (prefix.length > 64)
    return host === undefined
      ? undefined
      : freePart(prefix, lengthsIn(prefix, known), occupiedBy(known));
  const own = hostAddress(known);
  const isInside = own !== undefined && contains(prefix, own);
  return exposedIn(subnetAt(6, isInside ? own : prefix.network, 64));
}

/**
 * The highest part of a prefix that overlaps nothing occupied.
 * @param lengths the best first
 */
export function freePart(
  prefix: Subnet,
  lengths: readonly number[],
  occupied: readonly Subnet[],
): Subnet | undefined {
  const inside = occupied.filter((one) => overlaps(one, prefix));
  for (const length of lengths) {
    let below = prefix.network + size(prefix);
    while (below > prefix.network) {
      const part = subnetAt(6, below - 1n, length);
      const taker = inside.find((one) => overlaps(one, part));
      if (!taker) return part;
      below = taker.network < part.network ? taker.network : part.network;
    }
  }
  return undefined;
}

/** The default exposed subnet, or the next /80 without server and gateway. */
export function freeSubnet(known: KnownAnswers): Subnet | undefined {
  let subnet = defaultExposed(known);
  while (subnet && isOccupied(subnet, known))
    subnet = subnetAt(6, subnet.network + size(subnet), subnet.length);
  return subnet;
}

/** The server and the gateway. */
const occupiedBy = (known: KnownAnswers): Subnet[] =>
  [hostAddress(known), gatewayAddress(known)]
    .filter((address) => address !== undefined)
    .map((address) => subnetAt(6, address, 128));

/** Whether the server or the gateway is in a subnet. */
const isOccupied = (subnet: Subnet, known: KnownAnswers): boolean =>
  occupiedBy(known).some((one) => overlaps(one, subnet));

/** Lengths of an exposed subnet in a prefix, the best first: the default, larger ones, smaller ones. */
function lengthsIn(prefix: Subnet, known: KnownAnswers): number[] {
  if (prefix.length <= 64)
    return [80, ...range(65, 79).reverse(), ...range(81, 126)];
  return range(prefix.length + (mayBeWhole(known) ? 0 : 1), 126);
}

export const range = (from: number, to: number): number[] =>
  Array.from(
    { length: Math.max(0, to - from + 1) },
    (_, index) => from + index,
  );

/** A subnet of the prefix that can hold this Kong, and neither server nor gateway. */
function subnetAround(
  kong: bigint,
  prefix: Subnet,
  known: KnownAnswers,
): Subnet | undefined {
  if (!contains(prefix, kong)) return undefined;
  return lengthsIn(prefix, known)
    .map((length) => subnetAt(6, kong, length))
    .find(
      (subnet) =>
        !isOccupied(subnet, known) && whyNotKong(subnet, kong) === undefined,
    );
}

/**
 * An exposed subnet that fits the other answers: without server and gateway, and with Kong if that is
 * possible; undefined without a prefix, or if there is no room.
 */
export function fittingExposed(known: KnownAnswers): Subnet | undefined {
  const { prefix, kong } = known;
  if (!prefix) return undefined;
  const around =
    kong === undefined ? undefined : subnetAround(kong, prefix, known);
  return around ?? freeSubnet(known);
}
