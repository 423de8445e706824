import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  Refusal,
  subnetAt,
  type Subnet,
} from "./address.ts";

/** RFC 4291 2.4: what is assigned as global unicast so far. */
const GLOBAL_UNICAST = parseSubnet(6, "2000::/3");

/** IPv6 space that no provider delegates, most specific meaning first (RFC 6890 registry). */
const UNFIT: readonly (readonly [Subnet, string])[] = [
  [parseSubnet(6, "::/128"), "the unspecified address (RFC 4291 2.5.2)"],
  [parseSubnet(6, "::1/128"), "loopback (RFC 4291 2.5.3)"],
  [parseSubnet(6, "::ffff:0:0/96"), "IPv4-mapped space (RFC 4291 2.5.5.2)"],
  [parseSubnet(6, "64:ff9b::/96"), "NAT64 space (RFC 6052)"],
  [parseSubnet(6, "64:ff9b:1::/48"), "local NAT64 space (RFC 8215)"],
  [parseSubnet(6, "100::/64"), "the discard prefix (RFC 6666)"],
  [parseSubnet(6, "2001::/23"), "IETF protocol space (RFC 2928)"],
  [parseSubnet(6, "2002::/16"), "6to4 space (RFC 3056)"],
  [parseSubnet(6, "fc00::/7"), "unique local space, not public (RFC 4193)"],
  [parseSubnet(6, "fe80::/10"), "link-local space (RFC 4291 2.5.6)"],
  [parseSubnet(6, "fec0::/10"), "deprecated site-local space (RFC 3879)"],
  [parseSubnet(6, "ff00::/8"), "multicast space (RFC 4291 2.7)"],
];

const DOCUMENTATION: readonly (readonly [Subnet, string])[] = [
  [parseSubnet(6, "2001:db8::/32"), "RFC 3849"],
  [parseSubnet(6, "3fff::/20"), "RFC 9637"],
];

const ULA = parseSubnet(6, "fc00::/7");

const PRIVATE4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((text) =>
  parseSubnet(4, text),
);

/** The RFC that reserves a subnet for documentation, or undefined. */
export function documentation(subnet: Subnet): string | undefined {
  return DOCUMENTATION.find(([range]) => overlaps(range, subnet))?.[1];
}

export function isUla(subnet: Subnet): boolean {
  return contains(ULA, subnet.network);
}

/** `--prefix`: inside 2000::/3, /64 or shorter, none of the special ranges. @throws Refusal */
export function providerPrefix(text: string): string {
  const remedy =
    "Give the prefix that the provider delegated, like 2a03:2222:3333:4444::/64";
  const prefix = parseSubnet(6, text, remedy);
  refuseUnfit(prefix, remedy);
  if (prefix.length > 64) {
    const meant = formatSubnet(subnetAt(6, prefix.network, 64));
    throw new Refusal(
      `a /${prefix.length} is longer than /64: no room for subnets (RFC 4291 2.5.1)`,
      `If the whole /64 is yours: ${meant}`,
    );
  }
  return formatSubnet(prefix);
}

/** A global unicast address. @throws Refusal */
export function globalAddress(
  text: string,
  remedy = "Give a global unicast address, inside the provider's prefix",
): string {
  const value = parseAddress(6, text, remedy);
  refuseUnfit(subnetAt(6, value, 128), remedy);
  return formatAddress(6, value);
}

/** Any one does: the exposed subnet, the host and the gateway are no ULAs. */
export const ANY_ULA =
  "Give a ULA with 40 random bits, like fd4c:8a1e:92b7::/64, or leave it out";

/** `--internal-prefix`: a ULA or global subnet that Docker's default bridge can use. @throws Refusal */
export function internalPrefix(text: string): string {
  const remedy = ANY_ULA;
  const subnet = parseSubnet(6, text, remedy);
  if (subnet.length < 48 || subnet.length > 112) {
    throw new Refusal(
      `a /${subnet.length} is not between /48 and /112`,
      remedy,
    );
  }
  if (!isUla(subnet)) refuseUnfit(subnet, remedy);
  else if (subnet.network >> 120n !== 0xfdn) {
    throw new Refusal(
      "fc00::/8 is not yet defined; a ULA starts with fd (RFC 4193 3.2)",
      remedy,
    );
  }
  return formatSubnet(subnet);
}

/** `--backend-subnet`: RFC 1918, with room for a gateway and three services. @throws Refusal */
export function privateSubnet(text: string): string {
  const remedy = "Give a private one, like 10.83.81.0/24";
  const subnet = parseSubnet(4, text, remedy);
  const home = PRIVATE4.find((range) => contains(range, subnet.network));
  if (home === undefined) {
    throw new Refusal(
      "it is public address space, not private (RFC 1918)",
      remedy,
    );
  }
  if (subnet.length < home.length) {
    throw new Refusal(
      `it reaches beyond ${formatSubnet(home)} (RFC 1918)`,
      remedy,
    );
  }
  if (subnet.length > 28) {
    throw new Refusal(
      `a /${subnet.length} is too small for kong-net (at most /28)`,
      remedy,
    );
  }
  return formatSubnet(subnet);
}

function refuseUnfit(subnet: Subnet, remedy: string): void {
  const unfit = UNFIT.find(([range]) => overlaps(range, subnet));
  if (unfit !== undefined) {
    const [range, what] = unfit;
    const inside =
      contains(range, subnet.network) && range.length <= subnet.length;
    throw new Refusal(`it ${inside ? "is" : "contains"} ${what}`, remedy, {
      sample: true,
    });
  }
  if (
    !contains(GLOBAL_UNICAST, subnet.network) ||
    subnet.length < GLOBAL_UNICAST.length
  ) {
    throw new Refusal(
      "it is outside global unicast space, 2000::/3 (RFC 4291 2.4)",
      remedy,
      { sample: true },
    );
  }
}
