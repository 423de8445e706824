import { contains, parseAddress, parseSubnet } from "../../ip/address.ts";
import type { Answers } from "../../answers/types.ts";
import type { Facts } from "../parse/facts.ts";
import type { Detected } from "./findings.ts";
import { addressesOf, publicAddresses } from "./uplink.ts";

/**
 * regenerate: an answer of before that the server still bears out, or that it can't judge, stays; what
 * the server contradicts is followed.
 */
export function besideFormer(
  answers: readonly Detected[],
  facts: Facts,
  uplink: string,
  former: Answers,
): Detected[] {
  const six = publicAddresses(facts, uplink).map(({ value }) => value);
  const four = addressesOf(facts, uplink, 4).map(({ value }) => value);
  const prefix = parseSubnet(6, former.prefix);
  const stands: Partial<Record<keyof Answers, boolean>> = {
    // A routed prefix isn't on the uplink: what is there says nothing about it.
    prefix:
      former.delivery === "routed" ||
      six.some((address) => contains(prefix, address)),
    host: six.includes(parseAddress(6, former.host)),
    ipv4:
      former.ipv4 === "any" ||
      former.ipv4 === "none" ||
      four.includes(parseAddress(4, former.ipv4.split("/")[0] ?? "")),
    // They are the owner's, and move with the prefix.
    exposed: true,
    backendSubnet: true,
    internalPrefix: true,
    firewall: true,
  };
  return answers.filter(
    ({ key, value }) => !stands[key] && former[key] !== value,
  );
}
