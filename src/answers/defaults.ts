import { size, subnetAt, type Subnet } from "../ip/address.ts";

/** The server in its prefix, as in the recipe: ::2. */
export function hostIn(prefix: Subnet): bigint {
  return prefix.network + 2n;
}

/** The exposed subnet in a prefix, as in the recipe: :300::/80 of its first /64. */
export function exposedIn(prefix: Subnet): Subnet {
  return subnetAt(6, prefix.network + (0x300n << 48n), 80);
}

/**
 * Kong in its subnet, as in the recipe: ::8100. Where that is not inside, or among the last 128
 * (RFC 2526), the first address behind Docker's gateway.
 */
export function kongIn(exposed: Subnet): bigint {
  const recipe = 0x8100n;
  return exposed.network + (size(exposed) > recipe + 128n ? recipe : 2n);
}

/** kong-net, outside of Docker's default address pools (moby libnetwork/ipamutils). */
export const BACKEND_SUBNET = "10.83.81.0/24";
