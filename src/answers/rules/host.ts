import {
  contains,
  formatSubnet,
  includes,
  type Subnet,
} from "../../ip/address.ts";
import { KEEP } from "../parse-addresses.ts";
import { linkOf } from "../suggestions.ts";
import type { Ipv6Interface, KnownAnswers } from "../types.ts";
import {
  refusal,
  tryHost,
  warning,
  type Remedy,
  type Context,
  type Finding,
} from "./finding.ts";

/** The server's own address: RFC 4291 2.6.1. */
export function hostRules({ known, isDefault }: Context): Finding[] {
  const { prefix, host, delivery } = known;
  if (!prefix || host === undefined) return [];
  if (host === "keep") return isDefault("host") ? [keptWarning(prefix)] : [];
  if (!isReachable(prefix, host, known)) {
    return [
      refusal(
        "host",
        `it is outside the prefix ${formatSubnet(prefix)}, which is on-link (--delivery)`,
        tryHost(
          prefix,
          known,
          `; with --delivery routed it may be outside; ${KEEP}`,
        ),
        "prefix",
        "delivery",
      ),
    ];
  }
  if (delivery === "on-link" && !contains(prefix, host.address))
    return [outsideWarning(prefix)];
  // A /127 and a /128 have no such address (RFC 6164).
  return host.length < 127 && host.address === linkOf(host).network
    ? [
        refusal(
          "host",
          "it is its link's subnet-router anycast address (RFC 4291 2.6.1)",
          contains(prefix, host.address) ? tryHost(prefix, known) : ANY_HOST,
        ),
      ]
    : [];
}

/** Outside of the prefix, only the provider knows the server's address. */
const ANY_HOST: Remedy = {
  remedy: "Give the address that `ip -6 addr` prints on the server, or keep",
  suggested: { host: "keep" },
};

/** Why --host is keep although it was not given. */
export const whyKept = ({ length }: Subnet): string =>
  `it is the default for a routed /${length}, in which only the provider knows a place for the server: its address and default route stay as they are`;

export const GIVE_HOST = "To have another address set, give --host ADDRESS";

/** The default for a routed prefix longer than /64 (defaults.ts). */
const keptWarning = (prefix: Subnet): Finding =>
  warning("host", whyKept(prefix), GIVE_HOST);

/** Some providers deliver a part of the link's /64; others route the prefix to the address outside of it. */
const outsideWarning = (prefix: Subnet): Finding =>
  warning(
    "host",
    `it is outside the prefix ${formatSubnet(prefix)}, which is on-link (--delivery)`,
    "Compare it with what `ip -6 addr` prints on the server. If the provider routes the prefix to this address, give --delivery routed",
  );

/** Whether an on-link prefix can be on the server's link. A routed one need not be. */
const isReachable = (
  prefix: Subnet,
  host: Ipv6Interface,
  { delivery }: KnownAnswers,
): boolean =>
  delivery !== "on-link" ||
  contains(prefix, host.address) ||
  includes(linkOf(host), prefix);
