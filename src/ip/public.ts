import { contains, parseSubnet } from "./address.ts";

/** IPv4 space that nobody on the Internet reaches (RFC 6890 registry). */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
].map((text) => parseSubnet(4, text));

/** Whether an IPv4 address is public; those for documentation stand for public ones. */
export function isPublic4(address: bigint): boolean {
  return !NOT_PUBLIC.some((range) => contains(range, address));
}
