import type { Issue } from "../base/errors.ts";
import { contains, formatAddress, formatSubnet } from "../ip/address.ts";
import { freeAddress } from "./expose-addresses.ts";
import { parsedOf } from "./normal-form.ts";
import { allOf, oldAddresses, type OldAddresses } from "./overlap.ts";
import { gatewayAddress, hostAddress } from "./suggestions.ts";
import type { Answers, ParsedAnswers } from "./types.ts";

/**
 * Why an overlap of two sets of answers can't work.
 * @param instead what the owner may do instead: `leave out --overlap`
 */
export function overlapIssues(
  before: Answers,
  after: Answers,
  instead: string,
): Issue[] {
  const old = oldAddresses(before, after);
  const [then, now] = [parsedOf(before), parsedOf(after)];
  return [
    ...keptHost(then, now, instead),
    ...(old ? ndpIssues(then, now, old) : []),
    ...(old ? usedTwice(now, old, instead) : []),
    ...(old ? hostInside(now, old, instead) : []),
  ];
}

/** Only the generated netplan file can hold the old address. */
function keptHost(
  { host: old }: ParsedAnswers,
  { host: now }: ParsedAnswers,
  instead: string,
): Issue[] {
  if (old === "keep" || now !== "keep") return [];
  return [
    {
      flag: "--host",
      value: now,
      reason: `no netplan file is generated then, so nothing keeps the old address ${formatAddress(6, old.address)}`,
      remedy: `Give the server's new address, or ${instead}`,
    },
  ];
}

/** Old addresses of an on-link prefix need the NDP proxy until the end. */
function ndpIssues(
  { delivery, ndp: before }: ParsedAnswers,
  { ndp }: ParsedAnswers,
  { containers }: OldAddresses,
): Issue[] {
  const [first] = containers;
  if (delivery === "routed" || before === "none" || ndp !== "none" || !first)
    return [];
  return [
    {
      flag: "--ndp",
      value: ndp,
      reason: `nothing would answer Neighbor Solicitations for the old address ${formatAddress(6, first.address)}, which is on-link`,
      remedy: `Give --ndp ${before} until the overlap ends`,
    },
  ];
}

/** An old address that something else gets now. */
function usedTwice(
  now: Readonly<ParsedAnswers>,
  old: OldAddresses,
  instead: string,
): Issue[] {
  const taken = allOf(old);
  const free = freeAddress(now, new Set([...taken, ...addressesOf(now)]));
  const container =
    free === undefined
      ? `Choose another address, or ${instead}`
      : `Try ${formatAddress(6, free)}, or ${instead}`;
  const other = `Choose another one, or ${instead}`;
  const issue = (
    flag: string,
    address: bigint | undefined,
    remedy: string,
  ): Issue[] => {
    if (address === undefined || !taken.has(address)) return [];
    const value = formatAddress(6, address);
    const reason = `it is the old address of ${ownerOf(old, address)}, which stays until the overlap ends`;
    return [{ flag, value, reason, remedy }];
  };
  return [
    ...issue("--host", hostAddress(now), other),
    ...issue("--kong", now.kong, container),
    ...now.expose.flatMap(({ address }) =>
      issue("--expose", address, container),
    ),
    ...issue("--gateway", gatewayAddress(now), other),
    ...issue("--exposed", now.exposed.network + 1n, other),
  ];
}

const addressesOf = (now: Readonly<ParsedAnswers>): bigint[] =>
  [
    now.kong,
    hostAddress(now),
    gatewayAddress(now),
    ...now.expose.map(({ address }) => address),
  ].filter((address) => address !== undefined);

function ownerOf({ containers }: OldAddresses, address: bigint): string {
  const found = containers.find((one) => one.address === address);
  if (found === undefined) return "the server";
  return found.name === "kong" ? "Kong" : found.name;
}

/** The server's own address can't be in the subnet of the containers. */
function hostInside(
  { exposed }: ParsedAnswers,
  { host }: OldAddresses,
  instead: string,
): Issue[] {
  if (host === undefined || !contains(exposed, host.address)) return [];
  return [
    {
      flag: "--exposed",
      value: formatSubnet(exposed),
      reason: `it contains the old address of the server, ${formatAddress(6, host.address)}, which stays until the overlap ends`,
      remedy: `Choose another subnet, or ${instead}`,
    },
  ];
}
