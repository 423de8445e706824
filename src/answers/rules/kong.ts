import {
  contains,
  formatAddress,
  formatSubnet,
  type Subnet,
} from "../../ip/address.ts";
import { freeKong } from "../expose-addresses.ts";
import { freeSubnet, hostAddress, whyNotKong } from "../suggestions.ts";
import type { KnownAnswers } from "../types.ts";
import {
  isHostInDefault,
  refusal,
  usableExposed,
  type Remedy,
  type Context,
  type Finding,
} from "./finding.ts";

/** The remedy for an address that can't be Kong's. */
function tryKong(exposed: Subnet | undefined, known: KnownAnswers): Remedy {
  if (exposed === undefined) return "Give Kong an address of its own";
  const kong = freeKong(exposed, known);
  return kong === undefined
    ? "Use a larger --exposed, or expose fewer containers"
    : { remedy: `Try ${formatAddress(6, kong)}`, suggested: { kong } };
}

/** Kong's address: inside the exposed subnet, not reserved there, and not the server's. */
export const kongRules = (context: Context): Finding[] => [
  ...placeRules(context),
  ...hostConflict(context),
  ...containerConflict(context),
];

/** A container that is not named in this run keeps its address. */
function containerConflict({ known, isOpen }: Context): Finding[] {
  const { kong, expose = [] } = known;
  const exposed = usableExposed(known);
  const other = expose.find(({ address }) => address === kong);
  return exposed && other && isOpen("expose") && !isOpen("kong")
    ? [
        refusal(
          "kong",
          `it is ${other.name}'s address (--expose)`,
          tryKong(exposed, known),
        ),
      ]
    : [];
}

function placeRules({ known, isOpen }: Context): Finding[] {
  const { kong, prefix } = known;
  if (kong === undefined) return [];
  const exposed = usableExposed(known);
  if (exposed) {
    const reason = contains(exposed, kong)
      ? whyNotKong(exposed, kong)
      : `it is outside the exposed subnet ${formatSubnet(exposed)}`;
    return reason === undefined
      ? []
      : [refusal("kong", reason, tryKong(exposed, known), "exposed")];
  }
  // Without a usable exposed subnet, a Kong of the owner's can still be held against the prefix.
  if (isOpen("kong") || !prefix || contains(prefix, kong)) return [];
  const free = freeSubnet(known);
  return [
    refusal(
      "kong",
      `it is outside the prefix ${formatSubnet(prefix)}`,
      tryKong(free, known),
      "prefix",
    ),
  ];
}

function hostConflict(context: Context): Finding[] {
  const { known, isOpen } = context;
  const { kong, exposed } = known;
  const host = hostAddress(known);
  if (kong === undefined || kong !== host || isHostInDefault(context))
    return [];
  // A default Kong moves with the exposed subnet, which is refused for the same address.
  if (isOpen("kong") && exposed && contains(exposed, host)) return [];
  const usable = usableExposed(known);
  const other = usable && !contains(usable, host) ? usable : freeSubnet(known);
  return [
    refusal(
      "kong",
      "it is the server's own address",
      tryKong(other, known),
      "host",
    ),
  ];
}
