import { attempt, Refusal } from "../base/errors.ts";
import { keyword } from "../base/keyword.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import {
  isLinkLocal,
  isUla,
  privateRange,
  whyNotGlobal,
} from "../ip/special-ranges.ts";
import type { Ipv4Interface, Ipv6Interface } from "./types.ts";

// Each function parses one answer and checks it against the address rules that need no other answer.
// All throw a Refusal. The checks that need several answers are in rules/.

const THE_PREFIX = "Give the provider's ADDRESS/LENGTH";

/** `--prefix`: what the provider delegated in global unicast space, /8 to /126. */
export function parsePrefix(text: string): Subnet {
  if (!text.includes("/")) throw withoutLength(text);
  const prefix = parseSubnet(6, text, THE_PREFIX);
  refuseUnlessGlobal(prefix, THE_PREFIX);
  const { length } = prefix;
  if (length < 8) {
    throw new Refusal(`a /${length} is shorter than /8`, THE_PREFIX);
  }
  if (length > 126) {
    throw new Refusal(
      length === 128
        ? "it is one address; Kong needs a subnet"
        : "two addresses are too few for a subnet",
      "Ask the provider for a prefix",
    );
  }
  return prefix;
}

/** A prefix length can't be guessed, but most providers give a /64. */
function withoutLength(text: string): Refusal {
  const address = parseAddress(6, text, THE_PREFIX);
  refuseUnlessGlobal(host(address), THE_PREFIX);
  const corrected = formatSubnet(subnetAt(6, address, 64));
  return new Refusal(
    "it has no prefix length",
    `Add the one that the provider shows. If it is a /64: ${corrected}`,
    { corrected },
  );
}

/**
 * An address with its prefix length, as `ip addr` prints it: `2001:db8:1:2::2/64`, or its whole line.
 * @returns the subnet and the address; undefined for anything else, also if the address could be a mistyped
 *   subnet (its last 64 bits are zero)
 */
export function parseLink(
  text: unknown,
): { prefix: Subnet; host: bigint } | undefined {
  const line = /^\s*(?:inet6\s+)?([\da-f:.]+)\/(\d{1,3})(?:\s.*)?$/i;
  const [, address, length] = line.exec(String(text)) ?? [];
  if (address === undefined || Number(length) > 128) return undefined;
  const value = attempt(() => parseAddress(6, address));
  if (value === undefined) return undefined;
  const prefix = subnetAt(6, value, Number(length));
  const isSubnet = value === prefix.network || BigInt.asUintN(64, value) === 0n;
  return isSubnet ? undefined : { prefix, host: value };
}

/** The prefix length of the server's link if none is given. */
const LINK_LENGTH = 64;

/** Ends the remedy for a host: it may be that the owner need not know the address. */
export const KEEP = "keep leaves the server's address as it is";

/** `--host`: `keep`, or a global unicast address, optionally with the prefix length of its link. */
export function parseHost(text: string): Ipv6Interface | "keep" {
  const word = keyword(text, "keep");
  if (word) return word;
  const remedy = "Give the server's own address, or keep";
  const [bare = "", digits, ...rest] = text.split("/");
  if (digits === undefined || bare.includes("%"))
    return { address: parseGlobalAddress(text, remedy), length: LINK_LENGTH };
  const address = parseGlobalAddress(bare, remedy);
  const length = Number(digits);
  if (
    rest.length > 0 ||
    !/^\d{1,3}$/.test(digits) ||
    length < 8 ||
    length > 128
  )
    throw new Refusal(
      "its prefix length is not a number from 8 to 128",
      `Give the length that the link has, like ${bare}/${LINK_LENGTH}`,
      { corrected: bare },
    );
  return { address, length };
}

/** The length is left out if it is the usual one. */
export function formatHost(host: Ipv6Interface | "keep"): string {
  if (host === "keep") return host;
  const { address, length } = host;
  return (
    formatAddress(6, address) + (length === LINK_LENGTH ? "" : `/${length}`)
  );
}

/** `--kong`: a global unicast address. */
export function parseGlobalAddress(
  text: string,
  remedy = "Give a global unicast address, inside the provider's prefix",
): bigint {
  const address = parseAddress(6, text, remedy);
  refuseUnlessGlobal(host(address), remedy);
  return address;
}

/** `--exposed`: /65 to /126. A longer one has no room for Docker's gateway and Kong. */
export function parseExposed(text: string): Subnet {
  const remedy = "Give a subnet of the provider's prefix, /65 to /126";
  const subnet = parseSubnet(6, text, remedy);
  if (subnet.length < 65 || subnet.length > 126) {
    throw new Refusal(
      `a /${subnet.length} is not between /65 and /126`,
      remedy,
      { isExample: true },
    );
  }
  refuseUnlessGlobal(host(subnet.network), remedy);
  return subnet;
}

/** Where the owner finds the gateway. */
export const SHOWN_GATEWAY =
  "`ip -6 route show default` on the server prints it";

/** The remedy for every refused gateway. */
export const ANY_GATEWAY =
  "Give the router that `ip -6 route show default` prints on the server, like fe80::1, or ra or none";

/** `--gateway`: a link-local or global unicast address, `ra` or `none`. */
export function parseGateway(text: string): bigint | "ra" | "none" {
  const word = keyword(text, "ra", "none");
  if (word) return word;
  const address = parseAddress(6, text, ANY_GATEWAY);
  if (!isLinkLocal(address)) refuseUnlessGlobal(host(address), ANY_GATEWAY);
  return address;
}

export const formatGateway = (gateway: bigint | "ra" | "none"): string =>
  typeof gateway === "bigint" ? formatAddress(6, gateway) : gateway;

/** The remedy for every refused internal prefix: a ULA never overlaps the rest of the plan. */
export const ANY_ULA = "Leave it out for a random ULA";

/** `--internal-prefix`: a ULA (RFC 4193) or global subnet, /48 to /112. */
export function parseInternalPrefix(text: string): Subnet {
  const subnet = parseSubnet(6, text, ANY_ULA);
  if (subnet.length < 48 || subnet.length > 112) {
    throw new Refusal(
      `a /${subnet.length} is not between /48 and /112`,
      ANY_ULA,
    );
  }
  if (!isUla(subnet)) refuseUnlessGlobal(subnet, ANY_ULA);
  else if (subnet.network >> 120n !== 0xfdn) {
    throw new Refusal(
      "fc00::/8 is not in use; a ULA starts with fd (RFC 4193 3.2)",
      ANY_ULA,
    );
  }
  return subnet;
}

/** `--backend-subnet`: private (RFC 1918), with room for a gateway and three services. */
export function parseBackendSubnet(text: string): Subnet {
  const remedy = "Give a private one, like 10.83.81.0/24";
  const subnet = parseSubnet(4, text, remedy);
  const range = privateRange(subnet.network);
  if (range === undefined) {
    throw new Refusal(
      "it is public address space, not private (RFC 1918)",
      remedy,
    );
  }
  if (subnet.length < range.length) {
    throw new Refusal(
      `it reaches beyond ${formatSubnet(range)} (RFC 1918)`,
      remedy,
    );
  }
  if (subnet.length > 28) {
    throw new Refusal(
      `a /${subnet.length} is too small for kong-net (at most /28)`,
      remedy,
    );
  }
  return subnet;
}

/** `--ipv4`: `any`, `none`, or an address of the server, optionally with its prefix length. */
export function parseIpv4(text: string): Ipv4Interface | "any" | "none" {
  const word = keyword(text, "any", "none");
  if (word) return word;
  const slash = text.indexOf("/");
  if (slash < 0) return { address: parseUnicast4(text), length: undefined };
  const address = parseUnicast4(text.slice(0, slash));
  const length = Number(text.slice(slash + 1));
  if (!/^\/\d{1,2}$/.test(text.slice(slash)) || length < 1 || length > 32) {
    throw new Refusal(
      "its prefix length is not a number from 1 to 32",
      "Write it like 192.0.2.10/24",
    );
  }
  const subnet = subnetAt(4, address, length);
  const end = endOf(subnet, address);
  if (end !== undefined) {
    throw new Refusal(
      `it is the ${end} address of its /${length} (RFC 1122 3.2.1.3)`,
      `Give the server's own, like ${formatAddress(4, subnet.network + 1n)}/${length}`,
    );
  }
  return { address, length };
}

export function formatIpv4(value: Ipv4Interface | "any" | "none"): string {
  if (typeof value === "string") return value;
  const { address, length } = value;
  return formatAddress(4, address) + (length === undefined ? "" : `/${length}`);
}

/** `--ipv4-gateway`: `none`, or an address. */
export function parseIpv4Gateway(text: string): bigint | "none" {
  return (
    keyword(text, "none") ??
    parseUnicast4(text, "the provider's router, like 192.0.2.1")
  );
}

/**
 * Whether an address is the first or last one of its IPv4 subnet, which no host has (RFC 1122
 * 3.2.1.3). /31 and /32 have no such addresses (RFC 3021).
 */
export function endOf(
  subnet: Subnet,
  address: bigint,
): "network" | "broadcast" | undefined {
  if (subnet.length >= 31 || !contains(subnet, address)) return undefined;
  if (address === subnet.network) return "network";
  return address === subnet.network + size(subnet) - 1n
    ? "broadcast"
    : undefined;
}

/** An IPv4 address that a host can have (RFC 1122 3.2.1.3, RFC 3927, RFC 5771). */
function parseUnicast4(
  text: string,
  expected = "an address of the server, like 192.0.2.10",
): bigint {
  const address = parseAddress(4, text, `Give ${expected}`);
  const reason = whyNotUnicast4(address);
  if (reason !== undefined) throw new Refusal(reason, `Give ${expected}`);
  return address;
}

function whyNotUnicast4(address: bigint): string | undefined {
  const first = address >> 24n;
  if (first === 0n) return "it means 'this host' (RFC 1122)";
  if (first === 127n) return "it is loopback (RFC 1122)";
  if (first >= 240n) return "it is reserved (RFC 1112)";
  if (first >= 224n) return "it is multicast (RFC 5771)";
  if (address >> 16n === 0xa9fen) return "it is link-local (RFC 3927)";
  return undefined;
}

/** An IPv6 address as the subnet that holds only it. */
const host = (address: bigint): Subnet => subnetAt(6, address, 128);

function refuseUnlessGlobal(subnet: Subnet, remedy: string): void {
  const reason = whyNotGlobal(subnet);
  if (reason !== undefined)
    throw new Refusal(`it ${reason}`, remedy, { isExample: true });
}
