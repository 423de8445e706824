import {
  contains,
  formatSubnet,
  includes,
  type Subnet,
} from "../../ip/address.ts";
import { formatHost, KEEP } from "../parse-addresses.ts";
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
export function hostRules({ known }: Context): Finding[] {
  const { prefix, host, delivery } = known;
  if (!prefix || typeof host !== "object") return [];
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
          contains(prefix, host.address)
            ? tryHost(prefix, known)
            : nextTo(host, known),
        ),
      ]
    : [];
}

/** Outside of the prefix, the server's link is known: its ::2, or ::3 if the gateway has that. */
function nextTo(host: Ipv6Interface, { gateway }: KnownAnswers): Remedy {
  const second = host.address + 2n;
  const address = second === gateway ? second + 1n : second;
  const fitting = { ...host, address };
  return {
    remedy: `Try ${formatHost(fitting)}`,
    suggested: { host: fitting },
  };
}

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
