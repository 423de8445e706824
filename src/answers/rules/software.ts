import { imageDoubt } from "../parse-image.ts";
import { refusal, warning, type Context, type Finding } from "./finding.ts";

export function networkRules({
  known: { network, interface: uplink },
}: Context): Finding[] {
  return network !== undefined && network === uplink
    ? [
        refusal(
          "network",
          "its bridge would have the uplink's name",
          `Give a name like ${uplink === "ipv6_exposed" ? "ipv6_kong" : "ipv6_exposed"}`,
          "interface",
        ),
      ]
    : [];
}

export function imageRules({ known: { kongImage } }: Context): Finding[] {
  const doubt = kongImage === undefined ? undefined : imageDoubt(kongImage);
  return doubt === undefined
    ? []
    : [warning("kongImage", doubt, "Use --kong-image kong:3.9.3")];
}

/** Docker 26 and older don't filter routed IPv6 traffic (docs/reachability.md). */
export function firewallRules({ known: { firewall } }: Context): Finding[] {
  return firewall === "none"
    ? [
        warning(
          "firewall",
          "nothing on the server filters forwarded traffic: on Docker 26 and older every port of every container with an IPv6 address is open to the world",
          "Filter elsewhere, or use --firewall ufw or --firewall nftables",
        ),
      ]
    : [];
}
