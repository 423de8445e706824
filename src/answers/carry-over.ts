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
import type { AnswerKey, Answers } from "./types.ts";

/** Answers that lie in a subnet that is another answer, outermost first. */
const INSIDE: readonly (readonly [AnswerKey, "prefix" | "exposed"])[] = [
  ["host", "prefix"],
  ["exposed", "prefix"],
  ["gateway", "prefix"],
  ["internalPrefix", "prefix"],
  ["kong", "exposed"],
];

/**
 * The answers after some of them changed: what lies in a subnet that moved moves with it and keeps
 * its place there (host ::2 stays ::2), unless it was given itself.
 * @param given new values in normal form
 */
export function move(answers: Answers, given: Partial<Answers>): Answers {
  const moved: Answers = { ...answers, ...given };
  for (const [key, home] of INSIDE) {
    if (given[key] !== undefined || moved[home] === answers[home]) continue;
    const from = parseSubnet(6, answers[home]);
    const to = parseSubnet(6, moved[home]);
    if (surrounds(to, from)) continue;
    const value = String(answers[key]);
    Object.assign(moved, { [key]: movedValue(value, from, to) ?? value });
  }
  return moved;
}

/** Whether a subnet holds all of another: what is in that one needn't move. */
export function surrounds(outer: Subnet, inner: Subnet): boolean {
  return outer.length <= inner.length && contains(outer, inner.network);
}

function movedValue(
  value: string,
  from: Subnet,
  to: Subnet,
): string | undefined {
  if (!value.includes("/")) {
    const address = movedAddress(parseAddress(6, value), from, to);
    return address === undefined ? undefined : formatAddress(6, address);
  }
  const subnet = movedSubnet(parseSubnet(6, value), from, to);
  return subnet === undefined ? undefined : formatSubnet(subnet);
}

/**
 * An address's place in a subnet, in another one. Where the other is smaller, the place is counted
 * from the end: subnets of a /48 end up in the one /64.
 * @returns undefined for an address outside
 */
export function movedAddress(
  address: bigint,
  from: Subnet,
  to: Subnet,
): bigint | undefined {
  if (from.version !== to.version || !contains(from, address)) return undefined;
  return to.network + ((address - from.network) % size(to));
}

/** As movedAddress, for a subnet strictly inside; undefined too where it doesn't fit. */
export function movedSubnet(
  subnet: Subnet,
  from: Subnet,
  to: Subnet,
): Subnet | undefined {
  if (subnet.length <= from.length || subnet.length <= to.length)
    return undefined;
  const network = movedAddress(subnet.network, from, to);
  return network === undefined
    ? undefined
    : subnetAt(subnet.version, network, subnet.length);
}
