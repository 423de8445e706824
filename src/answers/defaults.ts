import { crypto } from "../base/builtin.ts";
import { parseSubnet, size, subnetAt, type Subnet } from "../ip/address.ts";
import type { Ipv6Interface, KnownAnswers } from "./types.ts";

/** The server's address in a prefix, as in the recipe: ::2. */
export function hostIn(prefix: Subnet): bigint {
  return prefix.network + 2n;
}

/**
 * The server's default address: ::2 in a prefix up to /64. A longer routed prefix leaves the address as
 * it is. A longer on-link one is a part of a shared link, where only the provider knows the address.
 */
export function defaultHost({
  prefix,
  delivery,
}: KnownAnswers): Ipv6Interface | "keep" | undefined {
  if (prefix === undefined) return undefined;
  if (prefix.length <= 64) return { address: hostIn(prefix), length: 64 };
  return delivery === "routed" ? "keep" : undefined;
}

/** The exposed subnet in a /64, as in the recipe: :300::/80. */
export function exposedIn(slash64: Subnet): Subnet {
  return subnetAt(6, slash64.network + (0x300n << 48n), 80);
}

/**
 * Kong's address in the exposed subnet, as in the recipe: ::8100. If that is outside, or among the
 * last 128 addresses (RFC 2526), it is the first address after Docker's gateway.
 */
export function kongIn(exposed: Subnet): bigint {
  const recipe = 0x8100n;
  return exposed.network + (size(exposed) > recipe + 128n ? recipe : 2n);
}

/** The link-local address that most providers' routers have. */
export const GATEWAY = (0xfe80n << 112n) | 1n;

/** kong-net: outside Docker's default address pools (moby libnetwork/ipamutils). */
export const BACKEND_SUBNET = parseSubnet(4, "10.83.81.0/24");

/** A /64 of a new random ULA (RFC 4193 3.2): fd, 40 random bits, subnet 0. */
export function newUla(): Subnet {
  const globalId = BigInt(`0x${crypto().randomBytes(5).toString("hex")}`);
  return subnetAt(6, (0xfdn << 120n) | (globalId << 80n), 64);
}
