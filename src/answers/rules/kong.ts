import { contains, formatSubnet } from "../../ip/address.ts";
import { kongIn } from "../defaults.ts";
import { freeSubnet, hostAddress, whyNotKong } from "../suggestions.ts";
import {
  isHostInDefault,
  refusal,
  tryAddress,
  usableExposed,
  type Context,
  type Finding,
} from "./finding.ts";

const OWN_ADDRESS = "Give Kong an address of its own";

/** Kong's address: inside the exposed subnet, not reserved there, and not the server's. */
export const kongRules = (context: Context): Finding[] => [
  ...placeRules(context),
  ...hostConflict(context),
];

function placeRules({ known, isDefault }: Context): Finding[] {
  const { kong, prefix } = known;
  if (kong === undefined) return [];
  const exposed = usableExposed(known);
  if (exposed) {
    const reason = contains(exposed, kong)
      ? whyNotKong(exposed, kong)
      : `it is outside the exposed subnet ${formatSubnet(exposed)}`;
    return reason === undefined
      ? []
      : [refusal("kong", reason, tryAddress(kongIn(exposed)))];
  }
  // Without a usable exposed subnet, a Kong of the owner's can still be held against the prefix.
  if (isDefault("kong") || !prefix || contains(prefix, kong)) return [];
  const free = freeSubnet(known);
  return [
    refusal(
      "kong",
      `it is outside the prefix ${formatSubnet(prefix)}`,
      free ? tryAddress(kongIn(free)) : OWN_ADDRESS,
    ),
  ];
}

function hostConflict(context: Context): Finding[] {
  const { known, isDefault } = context;
  const { kong, exposed } = known;
  const host = hostAddress(known);
  if (kong === undefined || kong !== host || isHostInDefault(context))
    return [];
  // A default Kong moves with the exposed subnet, which is refused for the same address.
  if (isDefault("kong") && exposed && contains(exposed, host)) return [];
  const usable = usableExposed(known);
  const other = usable && !contains(usable, host) ? usable : freeSubnet(known);
  return [
    refusal(
      "kong",
      "it is the server's own address",
      other ? tryAddress(kongIn(other)) : OWN_ADDRESS,
    ),
  ];
}
