import { includes, parseAddress } from "../ip/address.ts";
import { findTokens, subnetOf, type Token } from "../ip/find-addresses.ts";

/** A comment of a shell script, or of a file with the same ones. */
export const COMMENT = /(^|[ \t])#.*$/gm;

/** A rule for ports: what is before it on its line, the protocol, one port or a set of them. */
const RULE = /^(.*?)\b(tcp|udp|th)\s+dport\s+(\{[^}]*\}|[^\s;]+)/gm;

/** A rule of ufw(8). The protocol comes before or after these words. */
const UFW_RULE = /\ballow\b.*?\bto\s+(\S+)\s+port\s+(\S+).*/g;

/** Whether a firewall opens a port of a container. */
export type HasPort = (
  address: string,
  port: string,
  protocol: string,
) => boolean;

interface Rule {
  /** `th` is for both. */
  readonly protocol: string;
  readonly to: string;
  readonly ports: string;
}

/** Reads the rules of an nftables text. */
export const portsIn = (text: string): HasPort =>
  searchIn(
    [...text.replace(COMMENT, "").matchAll(RULE)].map(
      ([, to = "", protocol = "", ports = ""]) => ({ protocol, to, ports }),
    ),
  );

/** Reads the commands `ufw … allow` of a script. */
export const ufwPortsIn = (script: string): HasPort =>
  searchIn(
    [...plainCommands(script).matchAll(UFW_RULE)].map(
      ([rule, to = "", ports = ""]) => {
        const [, protocol = "th"] = /\bproto\s+(\w+)/.exec(rule) ?? [];
        return { protocol, to, ports };
      },
    ),
  );

/** A shell script without comments and quotes, each command on one line. */
export const plainCommands = (script: string): string =>
  script
    .replace(COMMENT, "")
    .replace(/["']/g, "")
    .replace(/\\\r?\n/g, " ");

/** A rule without an address is for all of them. A name or a variable may stand for any port. */
function searchIn(rules: readonly Rule[]): HasPort {
  const read = rules.map(({ protocol, to, ports }) => ({
    protocol,
    tokens: findTokens(to),
    ports: ports.replace(/[{}]/g, "").split(",").map(rangeOf),
  }));
  return (address, port, protocol) => {
    const number = Number(port);
    const value = parseAddress(6, address);
    return read.some(
      (rule) =>
        (rule.protocol === protocol || rule.protocol === "th") &&
        rule.ports.some(([low, high]) => low <= number && number <= high) &&
        (rule.tokens.length === 0 ||
          rule.tokens.some((token) => covers(token, value))),
    );
  };
}

const ANY = [0, 65535] as const;

function rangeOf(text: string): readonly [low: number, high: number] {
  const [, low, high = low] = /^\s*(\d+)(?:[-:](\d+))?\s*$/.exec(text) ?? [];
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
