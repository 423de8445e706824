import { contains, formatSubnet, subnetAt } from "../../ip/address.ts";
import { freeHost } from "../suggestions.ts";
import { refusal, tryAddress, type Context, type Finding } from "./finding.ts";

/** The server's own address: RFC 4291 2.6.1. */
export function hostRules({ known }: Context): Finding[] {
  const { prefix, host, gateway, delivery } = known;
  if (!prefix || host === undefined) return [];
  const remedy = tryAddress(freeHost(prefix, gateway));
  if (!contains(prefix, host) && delivery !== "routed") {
    return [
      refusal(
        "host",
        `it is outside the prefix ${formatSubnet(prefix)}, which is on-link`,
        `${remedy}; with --delivery routed it may be outside`,
      ),
    ];
  }
  // A routed prefix is not on the uplink's link: the server's own /64 is (plan.ts).
  const link = subnetAt(6, host, delivery === "routed" ? 64 : prefix.length);
  return host === prefix.network || host === link.network
    ? [
        refusal(
          "host",
          "it is its link's subnet-router anycast address (RFC 4291 2.6.1)",
          remedy,
        ),
      ]
    : [];
}
