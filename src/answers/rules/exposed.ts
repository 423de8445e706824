import { contains, formatAddress, formatSubnet } from "../../ip/address.ts";
import { fittingExposed, freeHost } from "../suggestions.ts";
import {
  isGatewayExposed,
  isHostInDefault,
  refusal,
  tryAddress,
  usableExposed,
  type Context,
  type Finding,
} from "./finding.ts";

/** The exposed subnet: inside the prefix, without the host and the gateway. */
export function exposedRules(context: Context): Finding[] {
  const { known, isDefault } = context;
  const { prefix, exposed, host, gateway } = known;
  if (!prefix || !exposed) return [];
  // A default Kong moves with the subnet.
  const { kong: _, ...withoutKong } = known;
  const fitting = fittingExposed(isDefault("kong") ? withoutKong : known);
  const remedy = `Try ${formatSubnet(fitting ?? exposed)}`;
  const findings: Finding[] = [];
  if (!usableExposed(known)) {
    findings.push(
      refusal(
        "exposed",
        `it is outside the prefix ${formatSubnet(prefix)}`,
        remedy,
      ),
    );
  }
  if (isHostInDefault(context)) {
    findings.push(
      refusal(
        "host",
        `it is inside the exposed subnet ${formatSubnet(exposed)}`,
        `${tryAddress(freeHost(prefix, gateway))}; with --exposed ${formatSubnet(fitting ?? exposed)} it may stay`,
      ),
    );
  } else if (host !== undefined && contains(exposed, host)) {
    findings.push(
      refusal(
        "exposed",
        `it contains the host address ${formatAddress(6, host)}`,
        remedy,
      ),
    );
  }
  // The gateway is a fact: a default subnet around it is what has to change (see gateway.ts).
  if (
    gateway !== undefined &&
    isDefault("exposed") &&
    isGatewayExposed(known)
  ) {
    findings.push(
      refusal(
        "exposed",
        `it contains the gateway ${formatAddress(6, gateway)}`,
        remedy,
      ),
    );
  }
  return findings;
}
