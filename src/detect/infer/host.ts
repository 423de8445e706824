import {
  contains,
  formatSubnet,
  parseAddress,
  parseSubnet,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import type { Answers } from "../../answers/types.ts";
import type { Collector } from "./types.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address } from "../parse/network.ts";
import { ipv4Facts } from "./ipv4.ts";
import {
  onLinkProof,
  onlyUla,
  prefixOf,
  publicAddresses,
  text6,
  type OnLink,
  type Uplink,
} from "./uplink.ts";

const FE80_1 = parseAddress(6, "fe80::1");

/**
 * Infers what the uplink shows: interface, gateway, the server's addresses, prefix and delivery.
 * @returns the inferred prefix
 */
export function hostFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  collector: Collector,
): Pick<Partial<Answers>, "prefix"> {
  const { answer, warn } = collector;
  const { name, route, source } = uplink;
  answer("interface", name, source);
  if (uplink.others.length > 0) {
    warn(
      `${uplink.others.join(" and ")} also has an IPv6 default route. ${name} was chosen because its metric is lowest. For another one, give --interface`,
    );
  }
  if (route?.gateway !== undefined) {
    answer(
      "gateway",
      text6(route.gateway),
      `the gateway of the IPv6 default route${route.advertised ? ", from a router advertisement" : ""}`,
    );
  } else if (route) {
    warn(`the IPv6 default route on ${name} has no gateway: give --gateway`);
  }
  const prefix = prefixFacts(facts, uplink, known, collector);
  ipv4Facts(facts, name, known.ipv4Gateway, collector);
  return prefix;
}

function prefixFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  collector: Collector,
): Pick<Partial<Answers>, "prefix"> {
  const { answer, warn } = collector;
  const { name, route } = uplink;
  const wanted =
    known.prefix === undefined ? undefined : parseSubnet(6, known.prefix);
  // A routed prefix is not on the uplink: the server's own address is outside it.
  const inside = wanted !== undefined && known.delivery !== "routed";
  const all = publicAddresses(facts, name);
  const fitting = inside
    ? all.filter(({ value }) => contains(wanted, value))
    : all;
  const [host] = fitting;
  if (host === undefined) {
    warn(
      inside && all.length > 0
        ? outside(uplink, wanted, known.delivery)
        : noAddress(facts, name, known.prefix),
    );
    return {};
  }
  answer(
    "host",
    text6(host.value),
    `the ${host.dynamic ? "dynamic" : "static"} address of ${name}${host.deprecated ? ", deprecated (preferred lifetime 0) but permanent" : ""}`,
  );
  const more = fitting.slice(1).filter(({ deprecated }) => !deprecated);
  if (more.length > 0) {
    const others = more.slice(0, 4).map(({ value }) => text6(value));
    warn(
      `${name} also has ${others.join(", ")}. To use one of these, give --host`,
    );
  }
  const found =
    wanted === undefined
      ? prefixOf(facts, host)
      : { prefix: wanted, source: "" };
  if (found === undefined) {
    warn(tooLong(host));
    return {};
  }
  if (wanted === undefined)
    answerPrefix(found, host, route?.gateway, collector);
  if (known.delivery === undefined) {
    const proof = onLinkProof(facts, uplink, found.prefix);
    if (proof !== undefined) answer("delivery", "on-link", proof);
    else warn(untold(uplink, found));
  }
  return { prefix: formatSubnet(found.prefix) };
}

function answerPrefix(
  { prefix, source }: OnLink,
  host: Address,
  gateway: bigint | undefined,
  { answer, warn }: Collector,
): void {
  const text = formatSubnet(prefix);
  answer("prefix", text, source);
  if (prefix.length < 64) {
    warn(
      `${text} is on the link of ${host.device}, and may be more than this server's own prefix. If the provider gives a /64, give --prefix ${formatSubnet(subnetAt(6, host.value, 64))}`,
    );
  }
  if (host.dynamic) {
    warn(
      `${text6(host.value)} comes from router advertisements or DHCP. Only the provider knows whether all of ${text} belongs to this server, and for how long`,
    );
  } else if (gateway !== undefined && contains(prefix, gateway)) {
    warn(
      `the gateway ${text6(gateway)} is in ${text} too, so other customers may share it. If the provider's control panel shows only a part for this server, give that with --prefix`,
    );
  }
}

function noAddress(
  facts: Facts,
  name: string,
  prefix: string | undefined,
): string {
  if (facts.ipv6Off)
    return "IPv6 is disabled on this server (net.ipv6.conf.all.disable_ipv6, or ipv6.disable=1 on the kernel command line)";
  const why = onlyUla(facts, name)
    ? `${name} has only unique local IPv6 addresses (RFC 4193), which the Internet cannot reach`
    : `${name} has no public IPv6 address`;
  return prefix === undefined
    ? `${why}, so the prefix cannot be detected. Find it in the provider's control panel and give --prefix`
    : why;
}

/** The uplink has addresses, but none in the given prefix. */
const outside = (
  { name }: Uplink,
  prefix: Subnet,
  delivery: Answers["delivery"] | undefined,
): string =>
  `${name} has no address in ${formatSubnet(prefix)}${delivery === undefined ? `, so it is probably routed: --delivery routed. ${deliveryTest(name)}` : ": give --host"}`;

const tooLong = ({ value, length }: Address): string =>
  length === 128
    ? `${text6(value)} is a single address (/128), so the prefix cannot be detected. If the provider gives a whole /64, give --prefix`
    : `${text6(value)}/${length} is longer than /64, too small for a subnet of its own: ask the provider for a /64, then give --prefix`;

const untold = ({ name, route }: Uplink, { prefix }: OnLink): string =>
  `whether ${formatSubnet(prefix)} is on-link or routed cannot be detected from the server${route?.gateway === FE80_1 ? " (with gateway fe80::1 both are common)" : ""}. ${deliveryTest(name)}`;

const deliveryTest = (uplink: string): string =>
  `Run \`tcpdump -ni ${uplink} icmp6\` on the server and ping an unused address of the prefix from another machine: neighbor solicitations mean on-link, echo requests mean --delivery routed`;
