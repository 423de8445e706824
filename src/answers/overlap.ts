import { parsedOf } from "./normal-form.ts";
import type { Answers, Ipv6Interface, ParsedAnswers } from "./types.ts";

// RFC 4192: during an overlap, the server and its containers have their new addresses, and keep their
// old ones.

/** A container whose address changed. */
export interface MovedContainer {
  /** `kong`, or the name in --expose. */
  readonly name: string;
  /** The old address, which stays. */
  readonly address: bigint;
  readonly to: bigint;
}

/** The old addresses that stay beside the new ones. */
export interface OldAddresses {
  /** undefined if the server's address did not change, or is or was kept as it is. */
  readonly host: Ipv6Interface | undefined;
  readonly containers: readonly MovedContainer[];
}

/** The addresses that changed between two sets of answers; undefined if none did. */
export function oldAddresses(
  before: Answers,
  after: Answers,
): OldAddresses | undefined {
  const [old, now] = [parsedOf(before), parsedOf(after)];
  const next = containersOf(now);
  const containers = [...containersOf(old)].flatMap(([name, address]) => {
    const to = next.get(name);
    return to === undefined || to === address ? [] : [{ name, address, to }];
  });
  const host = oldHost(old, now);
  return host || containers.length > 0 ? { host, containers } : undefined;
}

function oldHost(
  { host: old }: ParsedAnswers,
  { host: now }: ParsedAnswers,
): Ipv6Interface | undefined {
  if (old === "keep" || now === "keep") return undefined;
  return old.address === now.address ? undefined : old;
}

/** The containers with a public address: name → address. */
export const containersOf = ({
  kong,
  expose,
}: ParsedAnswers): Map<string, bigint> =>
  new Map([
    ["kong", kong],
    ...expose.map(({ name, address }): [string, bigint] => [
      name,
      address as bigint,
    ]),
  ]);

/**
 * The flag of the first answer with another address or subnet; undefined if there is none. A container
 * that is added to or removed from --expose is no change.
 */
export function changedAddress(
  before: Answers,
  after: Answers,
): string | undefined {
  const moved = oldAddresses(before, after);
  if (before.prefix !== after.prefix) return "--prefix";
  if (before.host !== after.host) return "--host";
  if (before.exposed !== after.exposed) return "--exposed";
  if (before.kong !== after.kong) return "--kong";
  return moved ? "--expose" : undefined;
}

/** All old addresses, as numbers. */
export const allOf = ({ host, containers }: OldAddresses): Set<bigint> =>
  new Set([
    ...(host ? [host.address] : []),
    ...containers.map(({ address }) => address),
  ]);
