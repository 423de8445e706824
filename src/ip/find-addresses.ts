import { attempt } from "../base/errors.ts";
import {
  formatAddress,
  formatSubnet,
  parseAddress,
  reverseName,
  subnetAt,
  type Subnet,
  type Version,
} from "./address.ts";

/** An address, subnet, prefix, reverse name or DNS name with an address in a text. */
export interface Token {
  /**
   * `groups`: only the first groups of an IPv6 address, as in 2001:db8:1:2.
   * `dashed`: an address in a DNS name, as in 2001-db8--1.sslip.io.
   */
  readonly kind: "address" | "groups" | "reverse" | "dashed";
  readonly version: Version;
  readonly start: number;
  readonly end: number;
  /** The address; for a prefix its first address. */
  readonly value: bigint;
  /** The written prefix length, or the one that groups or nibbles imply; undefined for an address. */
  readonly length: number | undefined;
  /** Another value in the same style: upper case, zero padding and final dot are kept if possible. */
  readonly respell: (value: bigint, length: number | undefined) => string;
}

/** The subnet that a token names; undefined for an address, also for one with a prefix length. */
export function subnetOf({
  version,
  value,
  length,
}: Pick<Token, "version" | "value" | "length">): Subnet | undefined {
  if (length === undefined || length === (version === 4 ? 32 : 128))
    return undefined;
  const subnet = subnetAt(version, value, length);
  return subnet.network === value ? subnet : undefined;
}

/** The normal form of a token's value: an address without a prefix length, or a subnet. */
export function nameOf(
  token: Pick<Token, "version" | "value" | "length">,
): string {
  const subnet = subnetOf(token);
  return subnet
    ? formatSubnet(subnet)
    : formatAddress(token.version, token.value);
}

// A token may not begin inside a longer one. It may follow `:` or `.` after a word that is not
// hexadecimal (ip6:…, user:…, mail.…), or an escape in JSON or a URL.
const BEHIND_WORD = String.raw`(?<=(?:[G-Z][\w-]{0,63}|^|[^0-9A-Z:.])[:.]{1,3})`;
const BEHIND_ESCAPE = String.raw`(?<=\\[nrt]|%5b)`;
const START = `(?:(?<![0-9A-Z.:])|${BEHIND_WORD}|${BEHIND_ESCAPE})`;
// An IPv6 address has no dot before a colon, so one may begin after a dot.
const START6 = String.raw`(?:${START}|(?<=\.))`;
// A number and one colon are not an IPv6 address: an IPv4 address may follow.
const START4 = `(?:${START}|(?<=(?:^|[^0-9A-F:])[0-9A-F]{1,5}:))`;
// A reverse name may follow any label that is not a nibble, or not a number.
const START_NIBBLES = String.raw`(?:${START}|(?<=(?:[\w-]{2}|[^0-9A-F.:])\.))`;
const START_NUMBERS = String.raw`(?:${START}|(?<=[^0-9.:]\.))`;

const NIBBLES = String.raw`(?:[0-9A-F]\.){1,32}ip6\.arpa\.?`;
const NUMBERS = String.raw`(?:\d{1,3}\.){1,4}in-addr\.arpa\.?`;
const IPV6 = String.raw`(?!:(?!:))(?:[0-9A-F]{0,4}:){2,}[0-9A-F:.]*(?:\/\d{1,3})?`;
// sslip.io, nip.io, ipv6-literal.net, names of providers: a label that ends with an address.
const DASHED = String.raw`(?<![0-9A-Z])[0-9A-F]{1,4}(?:-[0-9A-F]{0,4}){2,7}(?=\.[\w-]*[A-Z])`;
const IPV4 = String.raw`\d{1,3}(?:\.\d{1,3}){3}(?!\.\d)(?:\/\d{1,2})?`;
// The lookahead comes first: it rarely matches, and is cheaper than the lookbehinds.
const CANDIDATE = new RegExp(
  `(?=[0-9A-F]{0,4}[:.-])(?:${START_NIBBLES}${NIBBLES}|${START_NUMBERS}${NUMBERS}|${START6}${IPV6}|${START4}${IPV4}|${DASHED})(?![0-9A-Z])`,
  "gi",
);

/** Characters: enough for eight groups with an IPv4 address, a length and a port. */
const LONGEST = 70;

const FOUND = new Map<string, readonly Token[]>();
const REMEMBERED = 200;

/** Every token of a text, in order. Results are cached, because a run searches most texts several times. */
export function findTokens(text: string): readonly Token[] {
  let tokens = FOUND.get(text);
  if (tokens === undefined) {
    if (FOUND.size === REMEMBERED) FOUND.clear();
    FOUND.set(text, (tokens = [...find(text)]));
  }
  return tokens;
}

/** Candidates that are not addresses are skipped. */
function* find(text: string): Generator<Token> {
  for (const match of text.matchAll(CANDIDATE)) {
    const token = /\.arpa\.?$/i.test(match[0])
      ? reverseToken(match[0], match.index)
      : match[0].includes(":")
        ? ipv6Token(match[0], match.index)
        : match[0].includes("-")
          ? dashedToken(match[0], match.index)
          : ipv4Token(match[0], match.index);
    if (token !== undefined) yield token;
  }
}

function ipv6Token(text: string, start: number): Token | undefined {
  if (text.length > LONGEST) return undefined;
  for (let spelled = text; spelled !== ""; spelled = withoutEnd(spelled)) {
    const token = addressToken(spelled, start) ?? groupsToken(spelled, start);
    if (token !== undefined) return token;
  }
  return undefined;
}

/**
 * Removes one suffix that may follow an address: a sentence's full stop, a YAML key's colon, a number
 * that is not a prefix length, the rest of a name after a dot, a port after a dot (RFC 5952 6, tcpdump)
 * or after eight groups.
 * @returns "" if there is nothing to remove
 */
function withoutEnd(text: string): string {
  const port = /^(?=.*::)|^(?:[^:]*:){8}\d+$/.test(text) ? /:\d{1,5}$/ : /$^/;
  const end = [/[.:]$/, /\/\d+$/, /\.[^.:]*$/, port].find((one) =>
    one.test(text),
  );
  return end === undefined ? "" : text.replace(end, "");
}

function addressToken(text: string, start: number): Token | undefined {
  const [address = "", digits] = text.split("/");
  const value = read(6, address);
  const length = digits === undefined ? undefined : Number(digits);
  if (value === undefined || (length ?? 0) > 128) return undefined;
  const respell: Token["respell"] = (now, bits) =>
    respellAddress(address, value, now) + lengthLike(bits, digits);
  return {
    kind: "address",
    version: 6,
    start,
    end: start + text.length,
    value,
    length,
    respell,
  };
}

/** Only the first groups, optionally with the prefix length that they imply (2001:db8:1:2/64). */
function groupsToken(text: string, start: number): Token | undefined {
  const [groups = "", digits] = text.split("/");
  if (!/^[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){1,6}$/.test(groups))
    return undefined;
  const value = read(6, `${groups}::`);
  const length = groups.split(":").length * 16;
  if (value === undefined || Number(digits ?? length) !== length)
    return undefined;
  const respell: Token["respell"] = (now, bits = 0) =>
    bits % 16 === 0
      ? firstGroups(spell(now, groups), bits / 16) +
        (digits === undefined ? "" : lengthLike(bits, digits))
      : `${formatAddress(6, now)}/${bits}`;
  return {
    kind: "groups",
    version: 6,
    start,
    end: start + text.length,
    value,
    length,
    respell,
  };
}

const firstGroups = (text: string, count: number): string =>
  text.split(":").slice(0, count).join(":");

function ipv4Token(text: string, start: number): Token | undefined {
  const [address = "", digits] = text.split("/");
  const value = read(4, address);
  const length = digits === undefined ? undefined : Number(digits);
  if (value === undefined || (length ?? 0) > 32) return undefined;
  const respell: Token["respell"] = (now, bits) =>
    formatAddress(4, now) + lengthLike(bits, digits);
  return {
    kind: "address",
    version: 4,
    start,
    end: start + text.length,
    value,
    length,
    respell,
  };
}

function dashedToken(text: string, start: number): Token | undefined {
  const token =
    ipv4Token(text.replaceAll("-", "."), start) ??
    addressToken(text.replaceAll("-", ":"), start);
  if (token === undefined) return undefined;
  const respell: Token["respell"] = (value) =>
    token.respell(value, undefined).replaceAll(/[.:]/g, "-");
  return { ...token, kind: "dashed", respell };
}

/** RFC 3596 2.5: nibbles in reverse order; a shorter name is a zone (RFC 1035 3.5 for IPv4). */
function reverseToken(text: string, start: number): Token | undefined {
  const version: Version = /ip6\.arpa\.?$/i.test(text) ? 6 : 4;
  const dot = text.endsWith(".") ? "." : "";
  const parts = text.slice(0, text.length - dot.length).split(".");
  const suffix = parts.slice(-2).join(".");
  const labels = parts.slice(0, -2);
  const [label, most, bitsEach] =
    version === 6
      ? ([/^[0-9a-f]$/i, 32, 4] as const)
      : ([/^\d{1,3}$/, 4, 8] as const);
  if (labels.length > most || !labels.every((part) => label.test(part)))
    return undefined;
  let value = 0n;
  for (const part of [...labels].reverse()) {
    value =
      (value << BigInt(bitsEach)) | BigInt(version === 6 ? `0x${part}` : part);
  }
  const length = labels.length * bitsEach;
  value <<= BigInt(most * bitsEach - length);
  const upper = /[A-F]/.test(labels.join(""));
  const respell: Token["respell"] = (now, bits = most * bitsEach) => {
    const all = reverseName(version, now).split(".").slice(0, most);
    const kept = all.slice(most - Math.floor(bits / bitsEach)).join(".");
    return `${upper ? kept.toUpperCase() : kept}.${suffix}${dot}`;
  };
  const whole = labels.length === most;
  return {
    kind: "reverse",
    version,
    start,
    end: start + text.length,
    value,
    length: whole ? undefined : length,
    respell,
  };
}

const read = (version: Version, text: string): bigint | undefined =>
  attempt(() => parseAddress(version, text));

/** A prefix length with the written digits if the number is the same; "" for none. */
const lengthLike = (bits: number | undefined, digits = ""): string =>
  bits === undefined ? "" : `/${Number(digits) === bits ? digits : bits}`;

/**
 * An address in RFC 5952 form keeps that form. In another form, unchanged parts keep their spelling,
 * also an IPv4 address at the end. So a change and its reverse give the same text.
 */
function respellAddress(text: string, was: bigint, now: bigint): string {
  if (text === formatAddress(6, was)) return formatAddress(6, now);
  const [head = ""] = text.split("::");
  const leading = head.split(":").filter((group) => /^[^.]+$/.test(group));
  const rest = text.slice(leading.join(":").length);
  const kept = firstGroups(spell(now, text), leading.length) + rest;
  if (read(6, kept) === now) return kept;
  return text.includes(".") ? formatAddress(6, now) : spell(now, text);
}

/**
 * All eight groups of a value: those that are written in a text as they are there, the others
 * zero-padded and in capitals where the text is.
 */
function spell(value: bigint, like: string): string {
  const written = (like.split("::")[0] as string).split(":");
  const padded = /(^|:)0[0-9A-Fa-f]/.test(like);
  const upper = /[A-F]/.test(like) && !/[a-f]/.test(like);
  const hex = value.toString(16).padStart(32, "0").match(/.{4}/g) as string[];
  const groups = hex.map((group, index) => {
    const same = written[index] ?? "";
    if (same !== "" && Number(`0x${same}`) === Number(`0x${group}`))
      return same;
    const digits = padded ? group : group.replace(/^0{1,3}/, "");
    return upper ? digits.toUpperCase() : digits;
  });
  return groups.join(":");
}
