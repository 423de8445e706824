import { contains, formatSubnet, subnetAt } from "../../ip/address.ts";
import { documentation } from "../../ip/special-ranges.ts";
import { hostAddress } from "../suggestions.ts";
import {
  isGatewayExposed,
  refusal,
  tryHost,
  warning,
  type Context,
  type Finding,
} from "./finding.ts";

/** An address for examples only. One inside the prefix is as good as the prefix, which has its own warning. */
export function gatewayWarnings({
  known: { prefix, gateway },
}: Context): Finding[] {
  if (typeof gateway !== "bigint" || (prefix && contains(prefix, gateway)))
    return [];
  const rfc = documentation(subnetAt(6, gateway, 128));
  return rfc
    ? [
        warning(
          "gateway",
          `it is reserved for documentation (${rfc})`,
          "Give the provider's router, like fe80::1",
        ),
      ]
    : [];
}

/** fe80::1 is a guess in a longer on-link prefix, which is a part of a shared link. */
export function gatewayGuess({ known, isDefault }: Context): Finding[] {
  const { prefix, delivery, gateway } = known;
  const isGuess =
    isDefault("gateway") &&
    typeof gateway === "bigint" &&
    delivery === "on-link" &&
    prefix !== undefined &&
    prefix.length > 64;
  return isGuess
    ? [
        warning(
          "gateway",
          `it is a guess: only the provider knows the gateway of a /${prefix.length} that is on-link`,
          "`ip -6 route show default` on the server prints it: give it with --gateway",
        ),
      ]
    : [];
}

/** The gateway is a fact: if a default conflicts with it, the default has to change. */
export function gatewayRules({ known, isDefault }: Context): Finding[] {
  const { prefix, kong, exposed, gateway } = known;
  if (typeof gateway !== "bigint") return [];
  const refuse = (reason: string): Finding[] => [
    refusal("gateway", reason, "Give the provider's router, like fe80::1"),
  ];
  if (gateway === hostAddress(known)) {
    return prefix && isDefault("host") && !isDefault("gateway")
      ? [refusal("host", "it is the gateway's address", tryHost(prefix, known))]
      : refuse("it is the server's own address");
  }
  const isExposed = isGatewayExposed(known);
  // A default exposed subnet is refused instead (see exposed.ts).
  if (isExposed && isDefault("exposed")) return [];
  if (gateway === kong) return refuse("it is Kong's address");
  return isExposed && exposed
    ? refuse(`it is inside the exposed subnet ${formatSubnet(exposed)}`)
    : [];
}
