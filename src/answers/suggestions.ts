import { contains, size, subnetAt, type Subnet } from "../ip/address.ts";
import { exposedIn, hostIn } from "./defaults.ts";
import type { KnownAnswers } from "./types.ts";

// Values that fit the other answers where a default doesn't: errors name them, prompts offer them.

type Addresses = readonly (bigint | undefined)[];

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

/** The server's default address in a prefix, or the next one if the gateway has that. */
export function freeHost(prefix: Subnet, gateway: bigint | undefined): bigint {
  const first = hostIn(prefix);
  return first === gateway ? first + 1n : first;
}

/** The recipe's :300::/80 in a prefix, or the next /80 that contains none of the addresses. */
export function freeSubnet(prefix: Subnet, occupied: Addresses): Subnet {
  let subnet = exposedIn(prefix);
  while (containsAny(subnet, occupied))
    subnet = subnetAt(6, subnet.network + size(subnet), 80);
  return subnet;
}

const containsAny = (subnet: Subnet, addresses: Addresses): boolean =>
  addresses.some(
    (address) => address !== undefined && contains(subnet, address),
  );

/** Prefix lengths to try around a given Kong: the default, then larger subnets, then smaller ones. */
const LENGTHS = [80, ...range(79, 65), ...range(126, 81).reverse()];

function range(from: number, downTo: number): number[] {
  return Array.from({ length: from - downTo + 1 }, (_, index) => from - index);
}

/** A subnet of the prefix that can hold this Kong and none of the other addresses. */
function subnetAround(
  kong: bigint,
  prefix: Subnet,
  occupied: Addresses,
): Subnet | undefined {
  if (!contains(prefix, kong)) return undefined;
  return LENGTHS.map((length) => subnetAt(6, kong, length)).find(
    (subnet) =>
      !containsAny(subnet, occupied) && whyNotKong(subnet, kong) === undefined,
  );
}

/** A server address that fits the other answers; undefined without a prefix. */
export function fittingHost({
  prefix,
  gateway,
}: KnownAnswers): bigint | undefined {
  return prefix && freeHost(prefix, gateway);
}

/**
 * An exposed subnet that fits the other answers: without host and gateway, and with Kong if that is
 * possible; undefined without a prefix.
 */
export function fittingExposed({
  prefix,
  host,
  gateway,
  kong,
}: KnownAnswers): Subnet | undefined {
  if (!prefix) return undefined;
  const occupied = [host, gateway];
  const around =
    kong === undefined ? undefined : subnetAround(kong, prefix, occupied);
  return around ?? freeSubnet(prefix, occupied);
}
