import { contains, size, type Subnet } from "../ip/address.ts";
import { kongIn } from "./defaults.ts";
import { gatewayAddress, hostAddress, whyNotKong } from "./suggestions.ts";
import type { Expose, KnownAnswers } from "./types.ts";

/** An entry of `--expose` that has its address. */
export type Exposed = Expose & { readonly address: bigint };

/** The addresses that no container of `--expose` may have. */
const takenOf = (known: KnownAnswers): Set<bigint> =>
  new Set(
    [
      known.kong,
      hostAddress(known),
      gatewayAddress(known),
      ...(known.expose ?? []).map(({ address }) => address),
    ].filter((address) => address !== undefined),
  );

/**
 * The next address after Kong's that a container can have; after the last one, the first.
 * @returns undefined if there is none, or if the exposed subnet or Kong is not known
 */
export function freeAddress(
  known: KnownAnswers,
  taken = takenOf(known),
): bigint | undefined {
  const { exposed, kong } = known;
  if (!exposed || kong === undefined) return undefined;
  const first = contains(exposed, kong) ? kong : exposed.network + 1n;
  const isFree = (address: bigint): boolean =>
    !taken.has(address) && whyNotKong(exposed, address) === undefined;
  // Each taken or reserved address costs one step.
  return (
    firstIn(first + 1n, exposed.network + size(exposed), isFree) ??
    firstIn(exposed.network, first, isFree)
  );
}

/** Kong's default address in a subnet, or the next one that nothing else has; undefined if there is none. */
export function freeKong(
  exposed: Subnet,
  known: KnownAnswers,
): bigint | undefined {
  const usual = kongIn(exposed);
  const { kong: _, ...others } = known;
  const taken = takenOf(others);
  return taken.has(usual)
    ? freeAddress({ ...others, exposed, kong: usual }, taken)
    : usual;
}

/** In a large subnet, the 128 reserved addresses at its end are passed over one by one. */
function firstIn(
  from: bigint,
  to: bigint,
  isFree: (address: bigint) => boolean,
): bigint | undefined {
  for (let address = from; address < to; address += 1n)
    if (isFree(address)) return address;
  return undefined;
}

/**
 * The entries, each without an address given the next free one; it stays without one if none is free.
 * @param last addresses to give only if no other is free
 */
export function withAddresses(
  known: KnownAnswers,
  last: readonly bigint[] = [],
): readonly Expose[] {
  const taken = takenOf(known);
  return (known.expose ?? []).map((entry) => {
    if (entry.address !== undefined) return entry;
    const address =
      freeAddress(known, new Set([...taken, ...last])) ??
      freeAddress(known, taken);
    if (address !== undefined) taken.add(address);
    return { ...entry, address };
  });
}
