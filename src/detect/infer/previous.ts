import { contains, parseAddress } from "../../ip/address.ts";
import { parsedOf } from "../../answers/normal-form.ts";
import type { Answers } from "../../answers/types.ts";
import type { Facts } from "../parse/facts.ts";
import type { Detected } from "./types.ts";
import { addressesOf, publicAddresses } from "./uplink.ts";

/**
 * For regenerate: only the inferred answers that the server contradicts. A previous answer that the
 * server confirms, or cannot confirm, stays.
 */
export function changedSincePrevious(
  answers: readonly Detected[],
  facts: Facts,
  uplink: string,
  previous: Answers,
): Detected[] {
  const six = publicAddresses(facts, uplink).map(({ value }) => value);
  const four = addressesOf(facts, uplink, 4).map(({ value }) => value);
  const { prefix, host } = parsedOf(previous);
  const stands: Partial<Record<keyof Answers, boolean>> = {
    // A routed prefix is not on the uplink, so the uplink says nothing about it.
    prefix:
      previous.delivery === "routed" ||
      six.some((address) => contains(prefix, address)),
    host: host === "keep" || six.includes(host.address),
    ipv4:
      previous.ipv4 === "any" ||
      previous.ipv4 === "none" ||
      four.includes(parseAddress(4, previous.ipv4.split("/")[0] ?? "")),
    // The owner's choices; they move with the prefix.
    exposed: true,
    backendSubnet: true,
    internalPrefix: true,
    firewall: true,
  };
  return answers.filter(
    ({ key, value }) => !stands[key] && previous[key] !== value,
  );
}
