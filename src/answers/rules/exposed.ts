import { formatAddress, formatSubnet, includes } from "../../ip/address.ts";
import { fittingExposed, gatewayAddress, hostAddress } from "../suggestions.ts";
import { kongIn } from "../defaults.ts";
import type { AnswerKey, KnownAnswers } from "../types.ts";
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
  const { known, isOpen } = context;
  const { prefix, exposed } = known;
  if (!prefix || !exposed) return [];
  // Kong moves with the subnet if it is not given.
  const { kong: _, ...withoutKong } = known;
  const fitting = fittingExposed(isOpen("kong") ? withoutKong : known);
  const remedy = fitting
    ? {
        remedy: `Try ${formatSubnet(fitting)}`,
        suggested: {
          exposed: fitting,
          ...(isOpen("kong") && { kong: kongIn(fitting) }),
        },
      }
    : "Ask the provider for a larger prefix";
  const findings: Finding[] = [];
  const refuse = (reason: string, ...others: AnswerKey[]): void =>
    void findings.push(refusal("exposed", reason, remedy, ...others));
  const outside = whyNotInside(known);
  if (outside !== undefined) refuse(outside, "prefix", "delivery");
  const [host, gateway] = [hostAddress(known), gatewayAddress(known)];
  if (isHostInDefault(context)) {
    findings.push(
      refusal(
        "host",
        `it is inside the exposed subnet ${formatSubnet(exposed)}`,
        tryHost(
          prefix,
          known,
          `; with --exposed ${formatSubnet(fitting ?? exposed)} it may stay`,
        ),
      ),
    );
  } else if (host !== undefined && isHostExposed(known)) {
    refuse(`it contains the host address ${formatAddress(6, host)}`, "host");
  }
  // The gateway is a fact: unless both are given, the subnet is what has to change (see gateway.ts).
  const isDecided = !isOpen("exposed") && !isOpen("gateway");
  if (gateway !== undefined && !isDecided && isGatewayExposed(known))
    refuse(`it contains the gateway ${formatAddress(6, gateway)}`, "gateway");
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
