import {
  contains,
  includes,
  overlaps,
  parseSubnet,
  type Subnet,
} from "./address.ts";

// Special-purpose address space (IANA registries, RFC 6890).

type NamedRange = readonly [range: Subnet, name: string];

const named = (text: string, name: string): NamedRange => [
  parseSubnet(6, text),
  name,
];

/** RFC 4291 2.4: the global unicast space assigned so far. */
const GLOBAL_UNICAST = parseSubnet(6, "2000::/3");

/** IPv6 space that no provider delegates; where ranges are nested, the inner one comes first. */
const NOT_DELEGATED: readonly NamedRange[] = [
  named("::/128", "the unspecified address (RFC 4291 2.5.2)"),
  named("::1/128", "loopback (RFC 4291 2.5.3)"),
  named("::ffff:0:0/96", "IPv4-mapped space (RFC 4291 2.5.5.2)"),
  named("64:ff9b::/96", "NAT64 space (RFC 6052)"),
  named("64:ff9b:1::/48", "local NAT64 space (RFC 8215)"),
  named("100::/64", "the discard prefix (RFC 6666)"),
  named("2001::/23", "IETF protocol space (RFC 2928)"),
  named("2002::/16", "6to4 space (RFC 3056)"),
  named("fc00::/7", "unique local space, not public (RFC 4193)"),
  named("fe80::/10", "link-local space (RFC 4291 2.5.6)"),
  named("fec0::/10", "deprecated site-local space (RFC 3879)"),
  named("ff00::/8", "multicast space (RFC 4291 2.7)"),
];

const DOCUMENTATION: readonly NamedRange[] = [
  named("2001:db8::/32", "RFC 3849"),
  named("3fff::/20", "RFC 9637"),
];

const ULA = parseSubnet(6, "fc00::/7");
const LINK_LOCAL = parseSubnet(6, "fe80::/10");

/** RFC 1918. The IPv4 ranges are text: most runs need none of them. */
const PRIVATE4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** IPv4 space that is not reachable on the Internet. */
const NOT_PUBLIC4 = [
  ...PRIVATE4,
  "0.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
];

/**
 * Why an IPv6 subnet (or address, as a /128) is not in delegated global unicast space.
 * @returns a predicate like "is multicast space (RFC 4291 2.7)"; undefined for a usable subnet
 */
export function whyNotGlobal(subnet: Subnet): string | undefined {
  const special = NOT_DELEGATED.find(([range]) => overlaps(range, subnet));
  if (special) {
    const [range, name] = special;
    return `${includes(range, subnet) ? "is" : "contains"} ${name}`;
  }
  return includes(GLOBAL_UNICAST, subnet)
    ? undefined
    : "is outside global unicast space, 2000::/3 (RFC 4291 2.4)";
}

/** The RFC that reserves an IPv6 subnet, or a part of it, for documentation; undefined for others. */
export function documentation(subnet: Subnet): string | undefined {
  return DOCUMENTATION.find(([range]) => overlaps(range, subnet))?.[1];
}

/** Whether an IPv6 subnet is in fc00::/7 (RFC 4193). */
export function isUla(subnet: Subnet): boolean {
  return contains(ULA, subnet.network);
}

/** Whether an IPv6 address is in fe80::/10 (RFC 4291 2.5.6). */
export function isLinkLocal(address: bigint): boolean {
  return contains(LINK_LOCAL, address);
}

/** The RFC 1918 range of an IPv4 address; undefined for others. */
export function privateRange(address: bigint): Subnet | undefined {
  return rangeOf(address, PRIVATE4);
}

/** Whether an IPv4 address is reachable on the Internet; documentation addresses count as public. */
export function isPublic4(address: bigint): boolean {
  return rangeOf(address, NOT_PUBLIC4) === undefined;
}

const rangeOf = (
  address: bigint,
  texts: readonly string[],
): Subnet | undefined =>
  texts
    .map((text) => parseSubnet(4, text))
    .find((range) => contains(range, address));
