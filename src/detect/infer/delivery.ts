import {
  formatAddress6,
  formatSubnet,
  parseAddress,
  type Subnet,
} from "../../ip/address.ts";
import type { Answers } from "../../answers/types.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address } from "../parse/network.ts";
import type { Collector } from "./types.ts";
import { onLinkProof, type Uplink } from "./uplink.ts";

const FE80_1 = parseAddress(6, "fe80::1");

/** Infers how the provider delivers a prefix that is on the link of the uplink. */
export function deliveryFacts(
  facts: Facts,
  uplink: Uplink,
  prefix: Subnet,
  host: Address,
  { answer, warn }: Collector,
): void {
  const { name, route, pointToPoint } = uplink;
  const text = formatSubnet(prefix);
  if (pointToPoint) {
    answer(
      "delivery",
      "routed",
      `${name} is a point-to-point link, which has no neighbor discovery`,
    );
    return;
  }
  const proof = onLinkProof(facts, uplink, prefix, host);
  if (proof !== undefined) {
    answer("delivery", "on-link", proof);
    return;
  }
  const hint =
    host.length === 128
      ? ` (probably routed, because ${name} has only a single address of it)`
      : route?.gateway === FE80_1
        ? " (with gateway fe80::1 both are common)"
        : "";
  warn(
    `whether ${text} is on-link or routed cannot be detected from the server${hint}. ${deliveryTest(name)}`,
  );
}

/** The uplink has addresses, but not in the given prefix: it is probably routed, unless that is known. */
export function outsideFacts(
  { name, pointToPoint }: Uplink,
  prefix: Subnet,
  host: Address,
  delivery: Answers["delivery"] | undefined,
  { answer, warn }: Collector,
): void {
  if (delivery === "routed") return;
  const seen = `${name} has no address in ${formatSubnet(prefix)}`;
  if (delivery === "on-link") {
    warn(`${seen}: give --host`);
    return;
  }
  const source = `${name} has ${formatAddress6(host.value)}, outside the prefix`;
  answer(
    "delivery",
    "routed",
    pointToPoint
      ? `${source}, and is a point-to-point link`
      : `probably: ${source}`,
  );
  if (!pointToPoint)
    warn(
      `${seen}, so it is probably routed: --delivery routed. ${deliveryTest(name)}`,
    );
}

const deliveryTest = (name: string): string =>
  `Run \`tcpdump -ni ${name} icmp6\` on the server and ping an unused address of the prefix from another machine: neighbor solicitations mean --delivery on-link, echo requests mean --delivery routed`;
