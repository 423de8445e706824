import {
  contains,
  formatAddress6,
  formatSubnet,
  parseSubnet,
  type Subnet,
} from "../../ip/address.ts";
import { parsedOf } from "../../answers/normal-form.ts";
import { defaultExposed, freePart, range } from "../../answers/suggestions.ts";
import type {
  Answers,
  Ipv6Interface,
  KnownAnswers,
} from "../../answers/types.ts";
import { BACKEND_SUBNET } from "../../answers/defaults.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address } from "../parse/network.ts";
import type { Collector } from "./types.ts";
import { publicAddresses } from "./uplink.ts";
import {
  freeFrom,
  takenSubnets,
  takenText,
  overlapping,
  type Taken,
} from "./taken-subnets.ts";

/** The ranges for kong-net (RFC 1918), and where the search begins: outside Docker's own pools. */
const BACKENDS: readonly (readonly [range: Subnet, first: Subnet])[] = (
  [
    ["10.0.0.0/8", formatSubnet(BACKEND_SUBNET)],
    ["192.168.0.0/16", "192.168.181.0/24"],
    ["172.16.0.0/12", "172.29.81.0/24"],
  ] as const
).map(([range, first]) => [parseSubnet(4, range), parseSubnet(4, first)]);

/** An Internet router has hundreds of thousands of routes; nobody would read them. */
const LISTED = 40;

/**
 * Infers the subnets of the plan. There is an answer only if the default is in use already, or does
 * not know the /64 of a kept server address.
 * @param known the given answers, and the detected ones so far
 */
export function subnetFacts(
  facts: Facts,
  uplink: string,
  known: Partial<Answers>,
  collector: Collector,
): void {
  const prefix =
    known.prefix === undefined ? undefined : parseSubnet(6, known.prefix);
  const network = known.network ?? "ipv6_exposed";
  const taken = takenSubnets(facts, uplink, network, prefix);
  const all = listed(taken);
  for (const [subnet, by] of [...all].slice(0, LISTED))
    collector.see("taken", subnet, by);
  if (all.size > LISTED)
    collector.warn(
      `${all.size - LISTED} more subnets are in use than are listed`,
    );
  if (known.exposed === undefined)
    exposedFacts(
      parsedOf(known),
      publicAddresses(facts, uplink),
      taken,
      collector,
    );
  if (known.backendSubnet === undefined) backendFacts(taken, collector);
}

/** Each subnet once, without single addresses and link-local ones, which nobody would choose. */
function listed(taken: readonly Taken[]): Map<string, string> {
  const first = new Map<string, string>();
  for (const { subnet, by } of taken) {
    const { version, length } = subnet;
    const text = formatSubnet(subnet);
    if (length === (version === 4 ? 32 : 128) || text.startsWith("fe80:"))
      continue;
    if (!first.has(text)) first.set(text, by);
  }
  return first;
}

function exposedFacts(
  known: KnownAnswers,
  own: readonly Address[],
  taken: readonly Taken[],
  { answer, warn }: Collector,
): void {
  const { prefix } = known;
  const usual = defaultExposed(known);
  if (prefix === undefined || usual === undefined) return;
  const kept = keptHost(known, own);
  const wanted = kept
    ? (defaultExposed({ ...known, host: kept }) ?? usual)
    : usual;
  const taker = overlapping(wanted, taken);
  if (taker === undefined) {
    if (kept && wanted.network !== usual.network)
      answer(
        "exposed",
        formatSubnet(wanted),
        `in the /64 of the server's address ${formatAddress6(kept.address)}`,
      );
    return;
  }
  const why = `${formatSubnet(wanted)} overlaps ${takenText(taker)}`;
  const free =
    prefix.length > 64
      ? freePart(
          prefix,
          range(wanted.length, 126),
          taken.map(({ subnet }) => subnet),
        )
      : freeFrom(wanted, prefix, taken);
  if (free) answer("exposed", formatSubnet(free), `free; ${why}`);
  else
    warn(
      `no free /${wanted.length} is left in ${formatSubnet(prefix)}: ${why}. Give --exposed`,
    );
}

/** A kept address in a prefix shorter than /64: the answers do not tell which /64 it is in. */
function keptHost(
  { prefix, host }: KnownAnswers,
  own: readonly Address[],
): Ipv6Interface | undefined {
  if (host !== "keep" || !prefix || prefix.length >= 64) return undefined;
  const inside = own.find(({ value }) => contains(prefix, value));
  return inside && { address: inside.value, length: inside.length };
}

function backendFacts(
  taken: readonly Taken[],
  { answer, warn }: Collector,
): void {
  const taker = overlapping(BACKEND_SUBNET, taken);
  if (taker === undefined) return;
  const why = `${formatSubnet(BACKEND_SUBNET)} overlaps ${takenText(taker)}`;
  const free = BACKENDS.map(([range, first]) =>
    freeFrom(first, range, taken),
  ).find((subnet) => subnet !== undefined);
  if (free) answer("backendSubnet", formatSubnet(free), `free; ${why}`);
  else
    warn(
      `no private IPv4 subnet is free for kong-net: ${why}. Give --backend-subnet`,
    );
}
