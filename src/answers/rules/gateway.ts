import { formatSubnet } from "../../ip/address.ts";
import { freeHost } from "../suggestions.ts";
import {
  isGatewayExposed,
  refusal,
  tryAddress,
  type Context,
  type Finding,
} from "./finding.ts";

/** The gateway is a fact: if a default conflicts with it, the default has to change. */
export function gatewayRules({ known, isDefault }: Context): Finding[] {
  const { prefix, host, kong, exposed, gateway } = known;
  if (gateway === undefined) return [];
  const refuse = (reason: string): Finding[] => [
    refusal("gateway", reason, "Give the provider's router, like fe80::1"),
  ];
  if (gateway === host) {
    return prefix && isDefault("host") && !isDefault("gateway")
      ? [
          refusal(
            "host",
            "it is the gateway's address",
            tryAddress(freeHost(prefix, gateway)),
          ),
        ]
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
