import { formatAddress, formatSubnet, includes } from "../../ip/address.ts";
import { fittingExposed, gatewayAddress, hostAddress } from "../suggestions.ts";
import type { KnownAnswers } from "../types.ts";
import {
  isGatewayExposed,
  isHostExposed,
  isHostInDefault,
  refusal,
  tryHost,
  usableExposed,
  type Context,
  type Finding,
} from "./finding.ts";

/** The exposed subnet: inside the prefix, without the host and the gateway. */
export function exposedRules(context: Context): Finding[] {
  const { known, isDefault } = context;
  const { prefix, exposed } = known;
  if (!prefix || !exposed) return [];
  // A default Kong moves with the subnet.
  const { kong: _, ...withoutKong } = known;
  const fitting = fittingExposed(isDefault("kong") ? withoutKong : known);
  const remedy = fitting
    ? `Try ${formatSubnet(fitting)}`
    : "Ask the provider for a larger prefix";
  const findings: Finding[] = [];
  const refuse = (reason: string): void =>
    void findings.push(refusal("exposed", reason, remedy));
  const outside = whyNotInside(known);
  if (outside !== undefined) refuse(outside);
  const [host, gateway] = [hostAddress(known), gatewayAddress(known)];
  if (isHostInDefault(context)) {
    const { exposed: __, ...others } = known;
    findings.push(
      refusal(
        "host",
        `it is inside the exposed subnet ${formatSubnet(exposed)}`,
        `${tryHost(prefix, others)}; with --exposed ${formatSubnet(fitting ?? exposed)} it may stay`,
      ),
    );
  } else if (host !== undefined && isHostExposed(known)) {
    refuse(`it contains the host address ${formatAddress(6, host)}`);
  }
  // The gateway is a fact: a default subnet around it is what has to change (see gateway.ts).
  if (gateway !== undefined && isDefault("exposed") && isGatewayExposed(known))
    refuse(`it contains the gateway ${formatAddress(6, gateway)}`);
  return findings;
}

function whyNotInside(known: KnownAnswers): string | undefined {
  const { prefix, exposed, delivery } = known;
  if (!prefix || !exposed) return undefined;
  if (usableExposed(known) === undefined) {
    return includes(exposed, prefix)
      ? `it is larger than the prefix ${formatSubnet(prefix)}`
      : `it is outside the prefix ${formatSubnet(prefix)}`;
  }
  return exposed.length === prefix.length && delivery === "on-link"
    ? "it is the whole prefix, which is on-link (--delivery)"
    : undefined;
}
