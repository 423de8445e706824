import { contains, formatSubnet, type Subnet } from "../../ip/address.ts";
import { freeAddress } from "../expose-addresses.ts";
import { formatExpose, formatPort } from "../parse-expose.ts";
import {
  fittingExposed,
  gatewayAddress,
  hostAddress,
  whyNotKong,
} from "../suggestions.ts";
import type { Expose, KnownAnswers } from "../types.ts";
import {
  refusal,
  usableExposed,
  type Remedy,
  type Context,
  type Finding,
} from "./finding.ts";

/** The other containers with a public address: each has a name and an address of its own, inside the exposed subnet. */
export function exposeRules({ known, isOpen }: Context): Finding[] {
  const { expose = [] } = known;
  return expose.flatMap((entry, index) => {
    const finding =
      nameConflict(expose, index) ?? addressConflict(index, known);
    if (finding === undefined) return [];
    // A container that is not named in this run keeps its address: Kong's is refused instead (kong.ts).
    if (isOpen("expose") && entry.address === known.kong) return [];
    const value = isOpen("expose") ? formatExpose(entry) : entry.text;
    return [{ ...finding, value, index }];
  });
}

function nameConflict(
  expose: readonly Expose[],
  index: number,
): Finding | undefined {
  const name = expose[index]?.name;
  const same = expose.filter((one) => one.name === name);
  const [first] = same;
  if (!first || first === expose[index]) return undefined;
  const { address } = same.find(({ text }) => text.includes("@")) ?? {};
  const ports = new Map(
    same.flatMap((one) => one.ports).map((port) => [formatPort(port), port]),
  );
  const whole = formatExpose({ ...first, address, ports: [...ports.values()] });
  return refusal(
    "expose",
    `the name ${name} is given twice`,
    `Name all its ports at once: ${whole}`,
  );
}

function addressConflict(
  index: number,
  known: KnownAnswers,
): Finding | undefined {
  const exposed = usableExposed(known);
  const { expose = [], kong } = known;
  const entry = expose[index];
  if (!exposed || kong === undefined || !entry) return undefined;
  const { address } = entry;
  if (address === undefined)
    return refusal(
      "expose",
      `no address is left in ${formatSubnet(exposed)}`,
      moreRoom(exposed, known),
    );
  const reason = contains(exposed, address)
    ? (whyNotKong(exposed, address) ??
      ownerOf(address, expose.slice(0, index), known))
    : `it is outside the subnet ${formatSubnet(exposed)}`;
  return reason === undefined
    ? undefined
    : refusal(
        "expose",
        reason,
        tryExpose(index, known) ?? moreRoom(exposed, known),
        "exposed",
        "kong",
        "host",
        "gateway",
      );
}

/** The entry with the next free address; undefined if there is none. */
function tryExpose(index: number, known: KnownAnswers): Remedy | undefined {
  const { expose = [] } = known;
  const address = freeAddress(known);
  if (address === undefined) return undefined;
  const entry = { ...(expose[index] as Expose), address };
  return {
    remedy: `Try ${formatExpose(entry)}`,
    suggested: {
      expose: expose.map((one, at) => (at === index ? entry : one)),
    },
  };
}

function moreRoom(exposed: Subnet, known: KnownAnswers): string {
  const larger = fittingExposed(known);
  const example =
    larger && larger.length < exposed.length
      ? `, like ${formatSubnet(larger)}`
      : "";
  return `Use a larger --exposed${example}, or expose fewer containers`;
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
