import {
  contains,
  formatAddress6,
  formatSubnet,
  includes,
  parseSubnet,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import { formatHost } from "../../answers/parse-addresses.ts";
import type { Answers } from "../../answers/types.ts";
import type { Collector } from "./types.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address } from "../parse/network.ts";
import { deliveryFacts, outsideFacts } from "./delivery.ts";
import { ipv4Facts } from "./ipv4.ts";
import {
  onlyUla,
  prefixOf,
  publicAddresses,
  type OnLink,
  type Uplink,
} from "./uplink.ts";

/** Infers what the uplink shows: interface, gateway, the server's addresses, prefix and delivery. */
export function hostFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  collector: Collector,
): void {
  const { answer, warn } = collector;
  const { name, source, others, why } = uplink;
  answer("interface", name, source);
  if (others.length > 0 && known.interface === undefined) {
    warn(
      `${others.join(" and ")} also has an IPv6 default route. ${name} was chosen because ${why}. For another one, give --interface`,
    );
  }
  gatewayFacts(uplink, collector);
  addressFacts(facts, uplink, known, collector);
  ipv4Facts(facts, name, known.ipv4Gateway, collector);
}

function gatewayFacts({ name, route }: Uplink, { answer }: Collector): void {
  if (route === undefined) return;
  if (route.advertised) {
    const by =
      route.gateway === undefined ? "" : ` of ${formatAddress6(route.gateway)}`;
    answer(
      "gateway",
      "ra",
      `the IPv6 default route is from a router advertisement${by}`,
    );
  } else if (route.gateway !== undefined) {
    answer(
      "gateway",
      formatAddress6(route.gateway),
      "the gateway of the IPv6 default route",
    );
  } else {
    answer(
      "gateway",
      "none",
      `the IPv6 default route on ${name} has no gateway`,
    );
  }
}

function addressFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  collector: Collector,
): void {
  const { name } = uplink;
  const wanted =
    known.prefix === undefined ? undefined : parseSubnet(6, known.prefix);
  const all = publicAddresses(facts, name);
  const own = wanted ? onLinkOf(wanted, all) : all;
  const fitting = own.length > 0 ? own : all;
  const [host] = fitting;
  if (host === undefined) {
    collector.warn(noAddress(facts, name, known.prefix));
    return;
  }
  if (wanted && own.length === 0) {
    outsideFacts(uplink, wanted, host, known.delivery, collector);
    if (known.delivery === "on-link") return;
  }
  const prefix = wanted ?? prefixOf(facts, host)?.prefix;
  hostAnswer(uplink, host, prefix, known.delivery, collector);
  severalAddresses(name, fitting, collector);
  if (!wanted) prefixAnswer(facts, uplink, host, known, collector);
  else if (own.length > 0 && known.delivery === undefined)
    deliveryFacts(facts, uplink, wanted, host, collector);
}

/** The addresses inside a prefix, then those whose link contains it. */
function onLinkOf(prefix: Subnet, all: readonly Address[]): Address[] {
  const isInside = ({ value }: Address): boolean => contains(prefix, value);
  const around = ({ value, length }: Address): boolean =>
    includes(subnetAt(6, value, length), prefix);
  return [
    ...all.filter(isInside),
    ...all.filter((one) => !isInside(one) && around(one)),
  ];
}

function hostAnswer(
  { name, pointToPoint }: Uplink,
  host: Address,
  prefix: Subnet | undefined,
  delivery: Answers["delivery"] | undefined,
  { answer }: Collector,
): void {
  const { value, length, dynamic, deprecated } = host;
  const kept = `${name} has ${formatAddress6(value)}`;
  if (dynamic) {
    answer("host", "keep", `${kept}, from router advertisements or DHCPv6`);
  } else if (pointToPoint) {
    answer("host", "keep", `${kept}, and is a point-to-point link`);
  } else if (prefix && isElsewhere(prefix, host, delivery)) {
    answer(
      "host",
      "keep",
      `${kept}, ${contains(prefix, value) ? "and the prefix is routed and longer than /64" : "outside the prefix"}`,
    );
  } else {
    answer(
      "host",
      formatHost({ address: value, length }),
      `the static address of ${name}${deprecated ? ", deprecated (preferred lifetime 0) but permanent" : ""}`,
    );
  }
}

/** Whether a routed prefix says nothing about the link that the address is on. */
const isElsewhere = (
  prefix: Subnet,
  { value, length }: Address,
  delivery: Answers["delivery"] | undefined,
): boolean =>
  delivery === "routed"
    ? prefix.length > 64 || !contains(prefix, value)
    : !contains(prefix, value) && !includes(subnetAt(6, value, length), prefix);

function severalAddresses(
  name: string,
  [, ...fitting]: readonly Address[],
  { warn }: Collector,
): void {
  const others = fitting.filter(({ deprecated }) => !deprecated).slice(0, 4);
  if (others.length === 0) return;
  const texts = others.map(({ value }) => formatAddress6(value));
  warn(
    `${name} also has ${texts.join(", ")}. To use one of these, give --host`,
  );
}

function prefixAnswer(
  facts: Facts,
  uplink: Uplink,
  host: Address,
  { delivery }: Partial<Answers>,
  collector: Collector,
): void {
  const { name, route, pointToPoint } = uplink;
  if (pointToPoint) {
    collector.warn(
      `${name} is a point-to-point link, and ${formatAddress6(host.value)}/${host.length} is on that link. Give the prefix that the provider routes to this server with --prefix`,
    );
    return;
  }
  const found = prefixOf(facts, host);
  if (found === undefined) {
    collector.warn(single(host));
    return;
  }
  collector.answer("prefix", formatSubnet(found.prefix), found.source);
  for (const doubt of doubts(found, host, route?.gateway))
    collector.warn(doubt);
  if (delivery === undefined)
    deliveryFacts(facts, uplink, found.prefix, host, collector);
}

/** Why the prefix may not be this server's own. */
function doubts(
  { prefix }: OnLink,
  host: Address,
  gateway: bigint | undefined,
): string[] {
  const text = formatSubnet(prefix);
  const panel = "Compare it with the provider's control panel";
  const larger =
    prefix.length < 64
      ? [
          `${text} is on the link of ${host.device}, and may be more than this server's own prefix. If the provider gives a /64, give --prefix ${formatSubnet(subnetAt(6, host.value, 64))}`,
        ]
      : [];
  if (host.dynamic) {
    return [
      ...larger,
      `${formatAddress6(host.value)} comes from router advertisements or DHCP. Only the provider knows whether all of ${text} belongs to this server, and for how long. ${panel}`,
    ];
  }
  if (larger.length > 0 || gateway === undefined || !contains(prefix, gateway))
    return larger;
  return [
    `the gateway ${formatAddress6(gateway)} is in ${text} too, so other customers may share it. ${panel}: if that shows only a part, give the part with --prefix`,
  ];
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

const single = ({ value, length }: Address): string =>
  `${formatAddress6(value)} is a single address (/${length}), so the prefix cannot be detected. If the provider gives a prefix too, give --prefix; otherwise ask the provider for one`;
