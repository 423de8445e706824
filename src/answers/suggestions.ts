import {
  contains,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import type { Answers } from "./types.ts";
import { exposedIn, hostIn } from "./defaults.ts";

// What would do where a default doesn't: errors name it, and prompts offer it.

/** Why an address in the exposed subnet can't be Kong's. */
export function unfitKong(exposed: Subnet, kong: bigint): string | undefined {
  if (kong === exposed.network)
    return "it is the subnet-router anycast address (RFC 4291 2.6.1)";
  if (kong === exposed.network + 1n)
    return "Docker's bridge takes the first address";
  // A subnet of 128 addresses or fewer would be reserved whole; there the rule can't be meant.
  const last = exposed.network + size(exposed) - 128n;
  return size(exposed) > 128n && kong >= last
    ? "the last 128 addresses are for anycast (RFC 2526)"
    : undefined;
}

/** The server's usual address in a prefix, or the next one where that is the gateway's. */
export function freeHost(prefix: Subnet, gateway: bigint | undefined): bigint {
  const usual = hostIn(prefix);
  return usual === gateway ? usual + 1n : usual;
}

/** The recipe's :300::/80 in a prefix, or the next /80 that holds none of the taken addresses. */
export function freeSubnet(
  prefix: Subnet,
  taken: readonly (bigint | undefined)[],
): Subnet {
  let free = exposedIn(prefix);
  while (holdsAny(free, taken))
    free = subnetAt(6, free.network + size(free), 80);
  return free;
}

const holdsAny = (
  subnet: Subnet,
  addresses: readonly (bigint | undefined)[],
): boolean =>
  addresses.some(
    (address) => address !== undefined && contains(subnet, address),
  );

/** Lengths of an exposed subnet around a given Kong: the usual one, then larger ones, then smaller. */
const LENGTHS = [80, ...countDown(79, 65), ...countDown(126, 81).reverse()];

function countDown(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}

/** A subnet in which that Kong may be, without the taken addresses; undefined where there is none. */
function subnetAround(
  kong: bigint,
  prefix: Subnet,
  taken: readonly (bigint | undefined)[],
): Subnet | undefined {
  if (!contains(prefix, kong)) return undefined;
  return LENGTHS.map((length) => subnetAt(6, kong, length)).find(
    (subnet) =>
      !holdsAny(subnet, taken) && unfitKong(subnet, kong) === undefined,
  );
}

/** The server's address that would do beside what else is answered. */
export function fittingHost(answers: Partial<Answers>): string | undefined {
  const prefix = subnet6(answers.prefix);
  return (
    prefix && formatAddress(6, freeHost(prefix, address6(answers.gateway)))
  );
}

/** The exposed subnet that would do beside what else is answered: around Kong, without host and gateway. */
export function fittingExposed(
  answers: Partial<
    Record<"prefix" | "host" | "gateway" | "kong", string | undefined>
  >,
): string | undefined {
  const prefix = subnet6(answers.prefix);
  if (!prefix) return undefined;
  const taken = [address6(answers.host), address6(answers.gateway)];
  const kong = address6(answers.kong);
  const around =
    kong === undefined ? undefined : subnetAround(kong, prefix, taken);
  return formatSubnet(around ?? freeSubnet(prefix, taken));
}

function subnet6(text: string | undefined): Subnet | undefined {
  return text === undefined ? undefined : parseSubnet(6, text);
}

function address6(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : parseAddress(6, text);
}
