import { parsedOf } from "../answers/normal-form.ts";
import { containersOf } from "../answers/overlap.ts";
import { QUESTIONS } from "../answers/questions.ts";
import type { AnswerKey } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import { contains, formatAddress, overlaps } from "../ip/address.ts";
import type { Host } from "./host.ts";

/** What can be reached at one address only. */
interface Place {
  readonly host: string;
  readonly key: AnswerKey;
  /** `Kong's`, `the server's` … */
  readonly whose: string;
  readonly address: string;
}

/** Hosts that can't exist beside each other: the same address twice, or exposed subnets that overlap. */
export function clashes(hosts: readonly Host[]): Issue[] {
  return [...sameAddresses(hosts), ...overlappingSubnets(hosts)];
}

function sameAddresses(hosts: readonly Host[]): Issue[] {
  const first = new Map<string, Place>();
  return hosts.flatMap(placesOf).flatMap((place) => {
    const { host, key, address } = place;
    const other = first.get(address);
    if (other === undefined) first.set(address, place);
    if (other === undefined || other.host === host) return [];
    return [
      issueOf(
        host,
        key,
        address,
        `it is ${other.whose} on ${other.host} already`,
        "Give each host its own",
      ),
    ];
  });
}

function placesOf({ name: host, answers }: Host): Place[] {
  const parsed = parsedOf(answers);
  const { host: server, ipv4 } = parsed;
  const places: Place[] = [...containersOf(parsed)].map(([name, address]) => ({
    host,
    key: name === "kong" ? "kong" : "expose",
    whose: name === "kong" ? "Kong's address" : `the address of ${name}`,
    address: formatAddress(6, address),
  }));
  if (server !== "keep")
    places.push({
      host,
      key: "host",
      whose: "the server's address",
      address: formatAddress(6, server.address),
    });
  if (typeof ipv4 !== "string")
    places.push({
      host,
      key: "ipv4",
      whose: "the server's IPv4",
      address: formatAddress(4, ipv4.address),
    });
  if (answers.ssh !== "none")
    places.push({
      host,
      key: "ssh",
      whose: "the login",
      address: answers.ssh,
    });
  return places;
}

/** Sorted by their starts, subnets that overlap are neighbours: linear but for the sort. */
function overlappingSubnets(hosts: readonly Host[]): Issue[] {
  const all = hosts.map(({ name, answers }) => {
    const { exposed, host } = parsedOf(answers);
    return { name, text: answers.exposed, exposed, host };
  });
  const sorted = [...all].sort(({ exposed: a }, { exposed: b }) =>
    a.network < b.network ? -1 : Number(a.network > b.network),
  );
  const issues: Issue[] = [];
  let widest = sorted[0];
  for (const one of sorted.slice(1)) {
    if (widest && overlaps(widest.exposed, one.exposed))
      issues.push(
        issueOf(
          one.name,
          "exposed",
          one.text,
          `it overlaps ${widest.text} of ${widest.name}`,
          "Give each host a subnet of its own",
        ),
      );
    else widest = one;
  }
  for (const { name, host } of all) {
    if (host === "keep") continue;
    const other = containing(sorted, host.address);
    if (other && other.name !== name)
      issues.push(
        issueOf(
          name,
          "host",
          formatAddress(6, host.address),
          `it is inside the exposed subnet ${other.text} of ${other.name}`,
          "Give each host addresses of its own",
        ),
      );
  }
  return issues;
}

/** The last subnet that starts before an address, if it contains it. */
function containing<T extends { exposed: Parameters<typeof contains>[0] }>(
  sorted: readonly T[],
  address: bigint,
): T | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { network } = (sorted[middle] as T).exposed;
    if (network <= address) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low - 1];
  return found && contains(found.exposed, address) ? found : undefined;
}

const issueOf = (
  host: string,
  key: AnswerKey,
  value: string,
  reason: string,
  remedy: string,
): Issue => ({
  flag: `${host}: ${QUESTIONS.find((one) => one.key === key)?.flag}`,
  value,
  reason,
  remedy,
});
