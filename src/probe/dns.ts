import { Resolver } from "node:dns/promises";
import type { Plan } from "../plan/plan.ts";
import { parseAddress, formatAddress } from "../ip/address.ts";
import { attempt, codeOf } from "../base/errors.ts";

type RecordType = "AAAA" | "A" | "PTR";

interface Wanted {
  readonly name: string;
  readonly type: RecordType;
  readonly expected: readonly string[];
  /** Values of earlier answers, which must be gone. */
  readonly previous: readonly string[];
  /** During an overlap: the record of the old address, which will do until the end. */
  readonly old?: { readonly name: string; readonly value: string };
}

export interface DnsResult extends Omit<Wanted, "previous" | "old"> {
  /** What the system's resolver says; null if it says nothing. */
  readonly seen: readonly string[] | null;
  /** What the zone's own name servers say, if that was asked because the above differs. */
  readonly zone?: readonly string[] | null;
  readonly ok: boolean | null;
  /** True if only the record of the old address is there, which will do until the overlap ends. */
  readonly stillOld?: true;
}

/** The records that the repository's README asks for. @param domain undefined: none */
export function wantedRecords(
  domain: string | undefined,
  { kong, ipv4, previous: overlap }: Plan,
  previous: readonly Plan[],
): Wanted[] {
  if (domain === undefined) return [];
  // During an overlap, Kong answers on its old address too.
  const kept = overlap?.containers.find(({ name }) => name === "kong");
  const old = previous
    .map((plan) => plan.kong.address)
    .filter((address) => address !== kept?.address);
  const old4 = previous.map((plan) => plan.ipv4.address);
  const gone = (values: string[], now: string): string[] =>
    values.filter((value) => value !== now && value !== "");
  const pointer = (reverse: string): Wanted => ({
    name: withoutRoot(reverse),
    type: "PTR",
    expected: [domain],
    previous: [],
  });
  const address = (
    type: RecordType,
    value: string,
    before: string[],
  ): Wanted => ({
    name: domain,
    type,
    expected: [value],
    previous: gone(before, value),
  });
  return [
    {
      ...address("AAAA", kong.address, old),
      ...(kept && { old: { name: domain, value: kept.address } }),
    },
    ...(ipv4.published && ipv4.address !== ""
      ? [address("A", ipv4.address, old4), pointer(ipv4.reverse)]
      : []),
    {
      ...pointer(kong.reverse),
      ...(kept && { old: { name: withoutRoot(kept.reverse), value: domain } }),
    },
  ];
}

/** A name without the dot of the root. */
const withoutRoot = (name: string): string => name.replace(/\.$/, "");

/** Compares the records with what resolvers say. @param timeout in milliseconds, for one query */
export async function testDns(
  wanted: readonly Wanted[],
  timeout: number,
  system = new Resolver({ timeout, tries: 1 }),
): Promise<DnsResult[]> {
  return await Promise.all(
    wanted.map(async ({ previous, old, ...record }) => {
      const seen = await lookUp(system, record.name, record.type);
      const ok = judged(seen, record.expected, previous);
      if (ok) return { ...record, seen, ok };
      if (old && ok === false) {
        const before = await lookUp(system, old.name, record.type);
        if (judged(before, [old.value], previous))
          return { ...record, seen, ok: true, stillOld: true as const };
      }
      const servers = await serversOf(system, record.name, timeout);
      if (servers === undefined) return { ...record, seen, ok };
      const zone = await lookUp(servers, record.name, record.type);
      return { ...record, seen, zone, ok };
    }),
  );
}

/** More records than expected are fine: several gateways can share a name. Old ones are not. */
function judged(
  seen: readonly string[] | null,
  expected: readonly string[],
  previous: readonly string[],
): boolean | null {
  if (seen === null) return null;
  return (
    expected.every((value) => seen.includes(value)) &&
    !previous.some((value) => seen.includes(value))
  );
}

/** Codes that mean "there is no such record" (RFC 1035 4.1.1, RFC 2308). */
const NO_RECORD = ["ENODATA", "ENOTFOUND"];

/** @returns null if no server answers */
async function lookUp(
  resolver: Resolver,
  name: string,
  type: RecordType,
): Promise<string[] | null> {
  try {
    const values = (await resolver.resolve(name, type)) as string[];
    return values
      .slice(0, 20)
      .map((value) => normal(type, value))
      .sort();
  } catch (error) {
    return NO_RECORD.includes(codeOf(error)) ? [] : null;
  }
}

function normal(type: RecordType, value: string): string {
  if (type === "PTR") return value.toLowerCase().replace(/\.$/, "");
  const version = type === "A" ? 4 : 6;
  const address = attempt(() => parseAddress(version, value));
  return address === undefined ? value : formatAddress(version, address);
}

/**
 * A resolver that asks the name servers of the zone that a name is in: of the name itself, or of the
 * nearest name above it that has some.
 * @returns undefined if none can be found
 */
async function serversOf(
  system: Resolver,
  name: string,
  timeout: number,
): Promise<Resolver | undefined> {
  const labels = name.split(".");
  for (let from = 0; from < labels.length - 1; from += 1) {
    const zone = labels.slice(from).join(".");
    const names = await system.resolveNs(zone).catch((error: unknown) => {
      if (NO_RECORD.includes(codeOf(error))) return [];
      return undefined;
    });
    if (names === undefined) return undefined;
    const addresses = await Promise.all(
      names
        .slice(0, 4)
        .flatMap((server) => [
          system.resolve4(server).catch(() => []),
          system.resolve6(server).catch(() => []),
        ]),
    );
    const all = addresses.flat();
    if (all.length === 0) continue;
    const resolver = new Resolver({ timeout, tries: 1 });
    resolver.setServers(all);
    return resolver;
  }
  return undefined;
}
