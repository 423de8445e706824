import { formatAddress } from "../../ip/address.ts";
import { isPublic4 } from "../../ip/special-ranges.ts";
import type { Facts } from "../parse/facts.ts";
import type { Collector } from "./types.ts";
import { addressesOf } from "./uplink.ts";

/**
 * Infers the server's IPv4 address from the uplink.
 * @param gateway the given IPv4 gateway: netplan then needs the prefix length too
 */
export function ipv4Facts(
  facts: Facts,
  uplink: string,
  gateway: string | undefined,
  { answer }: Collector,
): void {
  const all = addressesOf(facts, uplink, 4);
  if (all.length === 0) {
    const other = otherInterface(facts, uplink);
    if (other === undefined)
      answer("ipv4", "none", `${uplink} has no IPv4 address`);
    else answer("ipv4", "any", `the IPv4 of this server is on ${other}`);
    return;
  }
  const open = all.filter(({ value }) => isPublic4(value));
  const preferred = facts.routes.find(
    ({ destination: { version, length }, device, source }) =>
      version === 4 &&
      length === 0 &&
      device === uplink &&
      source !== undefined,
  )?.source;
  const own =
    open.length === 1 ? open[0] : open.find(({ value }) => value === preferred);
  if (own === undefined) {
    const texts = all.slice(0, 4).map(({ value }) => formatAddress(4, value));
    answer(
      "ipv4",
      "any",
      `${uplink} has ${open.length === 0 ? "only private IPv4 addresses:" : "several IPv4 addresses:"} ${texts.join(", ")}`,
    );
    return;
  }
  const address = formatAddress(4, own.value);
  const configured = gateway !== undefined && gateway !== "none";
  answer(
    "ipv4",
    configured ? `${address}/${own.length}` : address,
    `the IPv4 address of ${uplink}`,
  );
}

/** Another interface with the IPv4 default route, otherwise one with a public IPv4 address. */
function otherInterface(facts: Facts, uplink: string): string | undefined {
  const route = facts.routes.find(
    ({ destination: { version, length }, device }) =>
      version === 4 && length === 0 && device !== uplink,
  );
  const address = facts.addresses.find(
    ({ version, value, lasting, device }) =>
      version === 4 && lasting && isPublic4(value) && device !== uplink,
  );
  return (route ?? address)?.device;
}
