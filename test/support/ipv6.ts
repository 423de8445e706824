/**
 * Addresses to and from integers by other means than src/ip/address.ts and ip-address: the oracle that
 * the tests measure both against. Printing is left to the WHATWG URL serializer, which is RFC 5952.
 */

export interface Cidr {
  /** The address as it stands there, host bits included. */
  readonly address: bigint;
  readonly length: number;
}

/** One address (RFC 4291 2.2), or undefined where the text is none. */
export function parse6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half, index) =>
    groups(half, index === halves.length - 1),
  );
  if (left === undefined) return undefined;
  if (halves.length === 1) {
    return left.length === 8 ? join16(left) : undefined;
  }
  if (right === undefined || left.length + right.length > 7) return undefined;
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return join16([...left, ...zeros, ...right]);
}

function groups(half: string, last: boolean): number[] | undefined {
  if (half === "") return [];
  const found: number[] = [];
  const parts = half.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(parseInt(part, 16));
    else if (last && index === parts.length - 1) {
      const quad = parse4(part);
      if (quad === undefined) return undefined;
      found.push(Number(quad >> 16n), Number(quad & 0xffffn));
    } else return undefined;
  }
  return found;
}

const join16 = (parts: readonly number[]): bigint =>
  parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);

/** Dotted decimal without leading zeros, or undefined. */
export function parse4(text: string): bigint | undefined {
  const parts = text.split(".");
  const valid =
    parts.length === 4 &&
    parts.every(
      (part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256,
    );
  if (!valid) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

export const cidr6 = (text: string): Cidr | undefined =>
  cidr(text, parse6, 128);
export const cidr4 = (text: string): Cidr | undefined => cidr(text, parse4, 32);

function cidr(
  text: string,
  parse: (text: string) => bigint | undefined,
  bits: number,
): Cidr | undefined {
  const [, address = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const value = parse(address);
  const length = Number(digits);
  return value === undefined || digits === "" || length > bits
    ? undefined
    : { address: value, length };
}

/** How many addresses share the first `length` of `bits` bits. */
export const sizeOf = (length: number, bits = 128): bigint =>
  2n ** BigInt(bits - length);

export const networkOf = (
  address: bigint,
  length: number,
  bits = 128,
): bigint => address - (address % sizeOf(length, bits));

export function within(
  { address, length }: Cidr,
  inner: bigint,
  bits = 128,
): boolean {
  return networkOf(address, length, bits) === networkOf(inner, length, bits);
}

/** Whether two subnets of one family share an address. */
export function overlap(a: Cidr, b: Cidr, bits = 128): boolean {
  return within(a, b.address, bits) || within(b, a.address, bits);
}

/** The eight groups of an address in lower-case hex, four digits each. */
export function expanded(value: bigint): string[] {
  const digits = value.toString(16).padStart(32, "0");
  return digits.match(/.{4}/g) ?? [];
}

/** RFC 5952, by the WHATWG URL host serializer. */
export function spell6(value: bigint): string {
  return new URL(`http://[${expanded(value).join(":")}]/`).hostname.slice(
    1,
    -1,
  );
}

export function spell4(value: bigint): string {
  return [24n, 16n, 8n, 0n]
    .map((shift) => String((value >> shift) & 255n))
    .join(".");
}

/** The name of the PTR record, nibble by nibble (RFC 3596 2.5). */
export function nibbles(value: bigint): string {
  let name = "";
  for (let rest = value, count = 0; count < 32; rest /= 16n, count += 1) {
    name += `${(rest % 16n).toString(16)}.`;
  }
  return `${name}ip6.arpa.`;
}

export interface Occurrence {
  readonly text: string;
  /** undefined: it looks like an address and is none. */
  readonly value: bigint | undefined;
}

/**
 * Everything in a text that is an IPv6 address, or tries to be one: runs of hex digits, colons and
 * dots with two colons that stand alone. `[::]:80:80` and `x::1` of a program are not among them.
 */
export function addressesIn(text: string): Occurrence[] {
  const runs = text.matchAll(
    /(?<![\w:.$}-])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w-])/g,
  );
  const found: Occurrence[] = [];
  for (const [run] of runs) {
    // A sentence or a port may stand behind it.
    const candidate = run.replace(/\.+$/, "").replace(/(?<!:):$/, "");
    const value = parse6(candidate);
    const looks = /::|(?:[^:]*:){3}/.test(candidate);
    if (value !== undefined || looks) found.push({ text: candidate, value });
  }
  return found;
}
