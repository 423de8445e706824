import { includes, parseAddress } from "../ip/address.ts";
import { findTokens, subnetOf, type Token } from "../ip/find-addresses.ts";

/** A rule for ports: what is before it on its line, the protocol, one port or a set of them. */
const RULE = /^(.*?)\b(tcp|udp|th)\s+dport\s+(\{[^}]*\}|[^\s;]+)/gm;

/** Whether a port of a container is in an nftables text. */
export type HasPort = (address: string, port: string) => boolean;

/**
 * Reads the rules of an nftables text. A rule without an address is for all of them. A name or a
 * variable may stand for any port.
 */
export function portsIn(text: string): HasPort {
  const rules = [...text.replace(/(^|\s)#.*$/gm, "").matchAll(RULE)].map(
    ([, before = "", protocol, set = ""]) => ({
      protocol,
      tokens: findTokens(before),
      ports: set.replace(/[{}]/g, "").split(",").map(rangeOf),
    }),
  );
  return (address, text) => {
    const [number, protocol = "tcp"] = text.split("/");
    const port = Number(number);
    const value = parseAddress(6, address);
    return rules.some(
      (rule) =>
        (rule.protocol === protocol || rule.protocol === "th") &&
        rule.ports.some(([low, high]) => low <= port && port <= high) &&
        (rule.tokens.length === 0 ||
          rule.tokens.some((token) => covers(token, value))),
    );
  };
}

const ANY = [0, 65535] as const;

function rangeOf(text: string): readonly [low: number, high: number] {
  const [, low, high = low] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(text) ?? [];
  if (low !== undefined) return [Number(low), Number(high)];
  return text.trim() === "" ? [1, 0] : ANY;
}

function covers(token: Token, value: bigint): boolean {
  if (token.version !== 6) return false;
  const subnet = subnetOf(token);
  return subnet === undefined
    ? token.value === value
    : includes(subnet, { version: 6, network: value, length: 128 });
}
