import { Address4, Address6, AddressError } from "ip-address";
import { Refusal } from "../base/errors.ts";

/** The IP version. Addresses are unsigned integers: 32 bits for IPv4, 128 bits for IPv6. */
export type Version = 4 | 6;

export interface Subnet {
  readonly version: Version;
  /** First address; its host bits are zero. */
  readonly network: bigint;
  /** Prefix length in bits. */
  readonly length: number;
}

const bits = (version: Version): number => (version === 4 ? 32 : 128);

/**
 * Parses one address in any spelling (RFC 4291 2.2: expanded, upper case, IPv4-embedded).
 * @param remedy for the error, if the text is not an address at all
 * @throws Refusal for a zone (RFC 4007 11), a prefix length, or anything else
 */
export function parseAddress(
  version: Version,
  text: string,
  remedy = `Write it like ${example(version)}`,
): bigint {
  const bare = text.replace(/[%/].*$/s, "");
  const value = toInteger(version, bare);
  if (value === undefined) {
    throw new Refusal(`it is not an IPv${version} address`, remedy, {
      isExample: true,
    });
  }
  if (text.includes("%")) throw zoned(bare);
  if (text !== bare) {
    // The first address of a subnet is not a host's: without its length it would be refused next.
    const length = Number(text.slice(bare.length + 1));
    if (length < bits(version) && isFirst(version, value, length)) {
      throw new Refusal("it is a subnet, not an address", remedy, {
        isExample: true,
      });
    }
    throw new Refusal(
      "it has a prefix length",
      `Give the address alone: ${bare}`,
      { corrected: bare },
    );
  }
  return value;
}

const isFirst = (version: Version, value: bigint, length: number): boolean =>
  Number.isInteger(length) &&
  length >= 0 &&
  subnetAt(version, value, length).network === value;

/**
 * Parses `address/length` with all host bits zero.
 * @param remedy for the error, if the text is not a subnet at all
 * @throws Refusal for a zone, a missing or wrong length, or host bits (with the subnet as correction)
 */
export function parseSubnet(
  version: Version,
  text: string,
  remedy = `Write it like ${example(version, version === 4 ? "0/24" : "/64")}`,
): Subnet {
  const slash = text.indexOf("/");
  const [address = "", zone] = (slash < 0 ? text : text.slice(0, slash)).split(
    "%",
  );
  const value = parseAddress(version, address, remedy);
  if (slash < 0)
    throw new Refusal("it has no prefix length", remedy, { isExample: true });
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  if (!/^\d{1,3}$/.test(digits) || length > bits(version)) {
    throw new Refusal(
      `its prefix length is not a number from 0 to ${bits(version)}`,
      remedy,
      { isExample: true },
    );
  }
  if (zone !== undefined) throw zoned(`${address}/${length}`);
  const subnet = subnetAt(version, value, length);
  if (subnet.network !== value) {
    const corrected = formatSubnet(subnet);
    throw new Refusal(
      `it has bits set after its prefix length /${length}`,
      `The subnet is ${corrected}`,
      { corrected },
    );
  }
  return subnet;
}

/** The subnet of the given prefix length that contains an address. */
export function subnetAt(
  version: Version,
  address: bigint,
  length: number,
): Subnet {
  const hostBits = BigInt(bits(version) - length);
  return { version, network: (address >> hostBits) << hostBits, length };
}

/** RFC 5952 text for IPv6, dotted decimal for IPv4. */
export function formatAddress(version: Version, value: bigint): string {
  return toText(version, value.toString());
}

/** An IPv6 address as RFC 5952 text. */
export const formatAddress6 = (value: bigint): string =>
  formatAddress(6, value);

/** `address/length`, as parseSubnet() takes it. */
export function formatSubnet({ version, network, length }: Subnet): string {
  return `${formatAddress(version, network)}/${length}`;
}

/** The number of addresses in a subnet. */
export function size({ version, length }: Subnet): bigint {
  return 1n << BigInt(bits(version) - length);
}

/** Whether an address of the same IP version is inside a subnet. */
export function contains(subnet: Subnet, address: bigint): boolean {
  return (
    subnetAt(subnet.version, address, subnet.length).network === subnet.network
  );
}

/** Whether all of the inner subnet is inside the outer one. A subnet includes itself. */
export function includes(outer: Subnet, inner: Subnet): boolean {
  return (
    outer.version === inner.version &&
    outer.length <= inner.length &&
    contains(outer, inner.network)
  );
}

/** Whether two subnets have an address in common. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return (
    a.version === b.version &&
    (contains(a, b.network) || contains(b, a.network))
  );
}

/** The name of an address's PTR record (RFC 3596 2.5, RFC 1035 3.5), with its final dot. */
export function reverseName(version: Version, value: bigint): string {
  return version === 4
    ? Address4.fromBigInt(value).reverseForm()
    : Address6.fromBigInt(value).reverseForm();
}

const zoned = (without: string): Refusal =>
  new Refusal(
    "it has a zone (RFC 4007)",
    `Give it without the zone: ${without}`,
    { corrected: without },
  );

/** An example from the documentation ranges. */
const example = (
  version: Version,
  rest = version === 4 ? "10" : "2",
): string => (version === 4 ? `192.0.2.${rest}` : `2001:db8:1:2::${rest}`);

/** Caches a function's results: a repository holds few addresses, but each of them many times. */
function cached<Result>(
  work: (version: Version, what: string) => Result,
): (version: Version, what: string) => Result {
  const known = new Map<string, Result>();
  return (version, what) => {
    const key = `${version} ${what}`;
    if (known.has(key)) return known.get(key) as Result;
    if (known.size >= 4096) known.clear();
    const result = work(version, what);
    known.set(key, result);
    return result;
  };
}

const toInteger = cached(integerOf);
const toText = cached((version, value) =>
  version === 4
    ? Address4.fromBigInt(BigInt(value)).correctForm()
    : Address6.fromBigInt(BigInt(value)).correctForm(),
);

function integerOf(version: Version, text: string): bigint | undefined {
  if (version === 6 && !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  try {
    return (version === 4 ? new Address4(text) : new Address6(text)).bigInt();
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
