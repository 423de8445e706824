import {
  contains,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  subnetAt,
} from "../../ip/address.ts";
import type { Answers } from "../../answers/types.ts";
import type { Findings } from "./findings.ts";
import type { Facts } from "../parse/facts.ts";
import type { Address } from "../parse/network.ts";
import { isPublic4 } from "../../ip/special-ranges.ts";
import {
  addressesOf,
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
 * What the uplink says: interface, gateway, the server's addresses, the prefix and its delivery.
 * @returns the prefix that was answered
 */
export function hostFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  findings: Findings,
): Pick<Partial<Answers>, "prefix"> {
  const { answer, warn } = findings;
  const { name, route, source } = uplink;
  answer("interface", name, source);
  if (uplink.others.length > 0) {
    warn(
      `there is an IPv6 default route on ${uplink.others.join(" and ")} too: ${name}'s has the lowest metric; if it is another, give --interface`,
    );
  }
  if (route?.gateway !== undefined) {
    answer(
      "gateway",
      text6(route.gateway),
      `via of the IPv6 default route${route.advertised ? ", by router advertisement" : ""}`,
    );
  } else if (route) {
    warn(`the IPv6 default route on ${name} names no gateway: give --gateway`);
  }
  const prefix = prefixFacts(facts, uplink, known, findings);
  ipv4Facts(facts, name, known.ipv4Gateway, findings);
  return prefix;
}

function prefixFacts(
  facts: Facts,
  uplink: Uplink,
  known: Partial<Answers>,
  findings: Findings,
): Pick<Partial<Answers>, "prefix"> {
  const { answer, warn } = findings;
  const { name } = uplink;
  const wanted =
    known.prefix === undefined ? undefined : parseSubnet(6, known.prefix);
  // A routed prefix isn't on the uplink: there the server's own address is elsewhere.
  const inside = wanted !== undefined && known.delivery !== "routed";
  const all = publicAddresses(facts, name);
  const fitting = inside
    ? all.filter(({ value }) => contains(wanted, value))
    : all;
  const [host] = fitting;
  if (host === undefined) {
    warn(noAddress(facts, name, inside && all.length > 0, known.prefix));
    return {};
  }
  answer(
    "host",
    text6(host.value),
    `the ${host.dynamic ? "dynamic" : "static"} address of ${name}`,
  );
  if (fitting.length > 1) {
    const others = fitting.slice(1, 5).map(({ value }) => text6(value));
    warn(
      `${name} has other public addresses too: ${others.join(", ")}; if one of them is meant, give --host`,
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
  if (wanted === undefined) answerPrefix(found, host, findings);
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
  { answer, warn }: Findings,
): void {
  const text = formatSubnet(prefix);
  answer("prefix", text, source);
  if (prefix.length < 64) {
    warn(
      `${text} is on ${host.device}'s link: it may be more than what is this server's; if the provider gives a /64, give --prefix ${formatSubnet(subnetAt(6, host.value, 64))}`,
    );
  }
  if (host.dynamic) {
    warn(
      `${text6(host.value)} comes from router advertisements or DHCP: whether all of ${text} is this server's, and stays, only the provider can say`,
    );
  }
}

function noAddress(
  facts: Facts,
  name: string,
  elsewhere: boolean,
  prefix: string | undefined,
): string {
  if (facts.ipv6Off)
    return "IPv6 is switched off here (net.ipv6.conf.all.disable_ipv6, or ipv6.disable=1 on the kernel's command line)";
  if (elsewhere) return `no address of ${name} is in ${prefix}: give --host`;
  const why = onlyUla(facts, name)
    ? `${name} has unique local IPv6 addresses only (RFC 4193), none that the Internet reaches`
    : `${name} has no public IPv6 address`;
  return prefix === undefined
    ? `${why}: the prefix can't be told. If the provider gives one, its panel names it: give --prefix`
    : why;
}

const tooLong = ({ value, length }: Address): string =>
  length === 128
    ? `${text6(value)} is a single address (/128): the prefix can't be told. If the provider gives a whole /64, give --prefix`
    : `${text6(value)}/${length} is longer than /64, too small for a subnet of its own: ask the provider for a /64, then give --prefix`;

const untold = ({ name, route }: Uplink, { prefix }: OnLink): string =>
  `how ${formatSubnet(prefix)} is delivered can't be told from here${route?.gateway === FE80_1 ? " (behind fe80::1 both ways are usual)" : ""}. Ping an unused address of it from elsewhere while \`tcpdump -ni ${name} icmp6\` runs here: neighbor solicitations mean on-link, echo requests mean --delivery routed`;

function ipv4Facts(
  facts: Facts,
  name: string,
  gateway: string | undefined,
  { answer }: Findings,
): void {
  const all = addressesOf(facts, name, 4);
  if (all.length === 0) {
    answer("ipv4", "none", `${name} has no IPv4 address`);
    return;
  }
  const open = all.filter(({ value }) => isPublic4(value));
  const preferred = facts.routes.find(
    ({ destination: { version, length }, device, source }) =>
      version === 4 && length === 0 && device === name && source !== undefined,
  )?.source;
  const own =
    open.length === 1 ? open[0] : open.find(({ value }) => value === preferred);
  if (own === undefined) {
    const texts = all.slice(0, 4).map(({ value }) => formatAddress(4, value));
    answer(
      "ipv4",
      "any",
      `${name} has ${open.length === 0 ? "no public IPv4, but" : "several:"} ${texts.join(", ")}`,
    );
    return;
  }
  const address = formatAddress(4, own.value);
  // Where netplan is to set the IPv4 too, its length is wanted.
  const configured = gateway !== undefined && gateway !== "none";
  answer(
    "ipv4",
    configured ? `${address}/${own.length}` : address,
    `the IPv4 address of ${name}`,
  );
}
