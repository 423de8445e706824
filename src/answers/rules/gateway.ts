import { contains, formatSubnet, subnetAt } from "../../ip/address.ts";
import { documentation, isLinkLocal } from "../../ip/special-ranges.ts";
import { ANY_GATEWAY, SHOWN_GATEWAY } from "../parse-addresses.ts";
import { hostAddress, linkOf } from "../suggestions.ts";
import type { AnswerKey, KnownAnswers } from "../types.ts";
import {
  isGatewayExposed,
  refusal,
  tryHost,
  warning,
  type Context,
  type Finding,
} from "./finding.ts";

/** A gateway that is possible, but unusual. */
export const gatewayDoubts = ({ known }: Context): Finding[] =>
  known.gateway === "none"
    ? withoutRouter(known)
    : typeof known.gateway === "bigint"
      ? unusualAddress(known.gateway, known)
      : [];

const withoutRouter = ({ delivery }: KnownAnswers): Finding[] =>
  delivery === "on-link"
    ? [
        warning(
          "gateway",
          "without a router nothing asks on the link for Kong's address, but the prefix is on-link (--delivery)",
          `If there is a router, give its address: ${SHOWN_GATEWAY} after "via". If there is none, give --delivery routed`,
        ),
      ]
    : [];

function unusualAddress(gateway: bigint, known: KnownAnswers): Finding[] {
  const { prefix } = known;
  const rfc = documentation(subnetAt(6, gateway, 128));
  // A prefix for examples has its own warning.
  if (rfc && !(prefix && documentation(prefix)))
    return [
      warning(
        "gateway",
        `it is reserved for documentation (${rfc})`,
        ANY_GATEWAY,
      ),
    ];
  return isUnrelated(gateway, known)
    ? [
        warning(
          "gateway",
          "it is far from the server's address and the prefix",
          `Compare it: ${SHOWN_GATEWAY}`,
        ),
      ]
    : [];
}

/** The longest prefix that one customer's site usually gets (RFC 6177): a router outside the subnet is in it too. */
const SITE = 48;

/** Whether a global gateway is in no site that the server's link or an on-link prefix belongs to. */
function isUnrelated(
  gateway: bigint,
  { prefix, host, delivery }: KnownAnswers,
): boolean {
  const near = [
    ...(prefix && delivery === "on-link" ? [prefix] : []),
    ...(typeof host === "object" ? [linkOf(host)] : []),
  ].map(({ network, length }) => subnetAt(6, network, Math.min(length, SITE)));
  return (
    near.length > 0 &&
    !isLinkLocal(gateway) &&
    !near.some((site) => contains(site, gateway))
  );
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
          `${SHOWN_GATEWAY}: give it with --gateway`,
        ),
      ]
    : [];
}

/** The gateway is a fact: unless both are given, it is the other answer that has to change. */
export function gatewayRules({ known, isOpen }: Context): Finding[] {
  const { prefix, kong, exposed, gateway } = known;
  if (typeof gateway !== "bigint") return [];
  const refuse = (reason: string, other: AnswerKey): Finding[] => [
    refusal("gateway", reason, ANY_GATEWAY, other),
  ];
  if (gateway === hostAddress(known)) {
    const isDecided = !isOpen("host") && !isOpen("gateway");
    return !prefix || isDecided
      ? refuse("it is the server's own address", "host")
      : [
          refusal(
            "host",
            "it is the gateway's address",
            tryHost(prefix, known),
            "gateway",
          ),
        ];
  }
  const isExposed = isGatewayExposed(known);
  // Unless both are given, the exposed subnet is refused instead (see exposed.ts).
  if (isExposed && (isOpen("exposed") || isOpen("gateway"))) return [];
  if (gateway === kong) return refuse("it is Kong's address", "kong");
  return isExposed && exposed
    ? refuse(
        `it is inside the exposed subnet ${formatSubnet(exposed)}`,
        "exposed",
      )
    : [];
}
