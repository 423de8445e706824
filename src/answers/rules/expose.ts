import { contains, formatSubnet } from "../../ip/address.ts";
import { freeAddress } from "../expose-addresses.ts";
import { formatExpose, formatPort } from "../parse-expose.ts";
import { gatewayAddress, hostAddress, whyNotKong } from "../suggestions.ts";
import type { Expose, KnownAnswers } from "../types.ts";
import {
  refusal,
  usableExposed,
  type Context,
  type Finding,
} from "./finding.ts";

/** The other containers with a public address: each has a name and an address of its own, inside the exposed subnet. */
export function exposeRules({ known }: Context): Finding[] {
  const { expose = [] } = known;
  return expose.flatMap((entry, index) => {
    const earlier = expose.slice(0, index);
    const finding =
      nameConflict(entry, earlier) ?? addressConflict(entry, earlier, known);
    return finding ? [{ ...finding, value: formatExpose(entry) }] : [];
  });
}

function nameConflict(
  entry: Expose,
  earlier: readonly Expose[],
): Finding | undefined {
  const other = earlier.find(({ name }) => name === entry.name);
  if (other === undefined) return undefined;
  const ports = [...new Set([...other.ports, ...entry.ports].map(formatPort))];
  return refusal(
    "expose",
    `the name ${entry.name} is given twice`,
    `Name all its ports at once: ${entry.name}:${ports.join(",")}`,
  );
}

function addressConflict(
  entry: Expose,
  earlier: readonly Expose[],
  known: KnownAnswers,
): Finding | undefined {
  const exposed = usableExposed(known);
  if (!exposed || known.kong === undefined) return undefined;
  const { address } = entry;
  const free = freeAddress(known);
  const remedy =
    free === undefined
      ? "Use a larger --exposed, or expose fewer containers"
      : `Try ${formatExpose({ ...entry, address: free })}`;
  if (address === undefined)
    return refusal(
      "expose",
      `no address is left in ${formatSubnet(exposed)}`,
      remedy,
    );
  const reason = contains(exposed, address)
    ? (whyNotKong(exposed, address) ?? ownerOf(address, earlier, known))
    : `it is outside the subnet ${formatSubnet(exposed)}`;
  return reason === undefined ? undefined : refusal("expose", reason, remedy);
}

/** Whose address it is already. */
function ownerOf(
  address: bigint,
  earlier: readonly Expose[],
  known: KnownAnswers,
): string | undefined {
  if (address === known.kong) return "it is Kong's address";
  if (address === hostAddress(known)) return "it is the server's own address";
  if (address === gatewayAddress(known)) return "it is the gateway's address";
  const other = earlier.find((one) => one.address === address);
  return other && `it is ${other.name}'s address`;
}
