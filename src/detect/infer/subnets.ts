import { formatSubnet, parseSubnet, type Subnet } from "../../ip/address.ts";
import type { Answers } from "../../answers/types.ts";
import { BACKEND_SUBNET, exposedIn } from "../../answers/defaults.ts";
import type { Facts } from "../parse/facts.ts";
import type { Findings } from "./findings.ts";
import {
  freeFrom,
  takenSubnets,
  takenText,
  takerOf,
  type Taken,
} from "./taken-subnets.ts";

/** Where kong-net may be (RFC 1918), and where the search begins: outside of Docker's own pools. */
const BACKENDS: readonly (readonly [range: Subnet, first: Subnet])[] = (
  [
    ["10.0.0.0/8", formatSubnet(BACKEND_SUBNET)],
    ["192.168.0.0/16", "192.168.181.0/24"],
    ["172.16.0.0/12", "172.29.81.0/24"],
  ] as const
).map(([range, first]) => [parseSubnet(4, range), parseSubnet(4, first)]);

/** More are no help to a reader: a router of the Internet has hundreds of thousands. */
const LISTED = 40;

/**
 * Subnets of the plan that the server has in use already: only where the default is taken there is
 * an answer, so that what is detected stays what the server says.
 * @param known what was given, and the prefix that was detected
 */
export function subnetFacts(
  facts: Facts,
  uplink: string,
  known: Partial<Answers>,
  findings: Findings,
): void {
  const taken = takenSubnets(facts, uplink, known.network ?? "ipv6_exposed");
  const all = listed(taken);
  for (const [subnet, by] of [...all].slice(0, LISTED))
    findings.see("taken", subnet, by);
  if (all.size > LISTED)
    findings.warn(
      `${all.size - LISTED} more subnets are taken than are listed`,
    );
  if (known.prefix !== undefined && known.exposed === undefined)
    exposedFacts(parseSubnet(6, known.prefix), taken, findings);
  if (known.backendSubnet === undefined) backendFacts(taken, findings);
}

/** Each subnet once, single addresses and link-local ones left out: nobody could choose those. */
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
  prefix: Subnet,
  taken: readonly Taken[],
  { answer, warn }: Findings,
): void {
  const usual = exposedIn(prefix);
  const taker = takerOf(usual, taken);
  if (taker === undefined) return;
  const why = `${formatSubnet(usual)} overlaps ${takenText(taker)}`;
  const free = freeFrom(usual, prefix, taken);
  if (free) answer("exposed", formatSubnet(free), `free; ${why}`);
  else
    warn(`no /80 is left in ${formatSubnet(prefix)} from the usual on: ${why}`);
}

function backendFacts(
  taken: readonly Taken[],
  { answer, warn }: Findings,
): void {
  const taker = takerOf(BACKEND_SUBNET, taken);
  if (taker === undefined) return;
  const why = `${formatSubnet(BACKEND_SUBNET)} overlaps ${takenText(taker)}`;
  const free = BACKENDS.map(([range, first]) =>
    freeFrom(first, range, taken),
  ).find((subnet) => subnet !== undefined);
  if (free) answer("backendSubnet", formatSubnet(free), `free; ${why}`);
  else warn(`kong-net finds no room in private IPv4 space: ${why}`);
}
