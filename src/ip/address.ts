import { Address4, Address6, AddressError } from "ip-address";

/** IP version; IPv4 addresses are 32-bit and IPv6 addresses 128-bit unsigned integers here. */
export type Version = 4 | 6;

export interface Subnet {
  readonly version: Version;
  /** First address; its host bits are zero. */
  readonly network: bigint;
  /** Prefix length in bits. */
  readonly length: number;
}

/** Why a text isn't the address or subnet asked for, and what would do. */
export class Refusal extends Error {
  readonly remedy: string;
  /** The remedy is but a sample: what the other answers suggest would be better. */
  readonly sample: boolean;
  /** The value that the remedy names, derived from the refused one. */
  readonly meant: string | undefined;

  constructor(
    reason: string,
    remedy: string,
    { sample = false, meant }: { sample?: boolean; meant?: string } = {},
  ) {
    super(reason);
    this.remedy = remedy;
    this.sample = sample;
    this.meant = meant;
  }
}

const bits = (version: Version): number => (version === 4 ? 32 : 128);

/**
 * Reads one address in any spelling (RFC 4291 2.2: expanded, upper-case, IPv4-embedded).
 * @throws Refusal on a zone (RFC 4007 11), a prefix length, or anything else.
 */
export function parseAddress(
  version: Version,
  text: string,
  remedy = `Write it like ${sample(version)}`,
): bigint {
  const bare = text.replace(/[%/].*$/s, "");
  const value = toInteger(version, bare);
  if (value === undefined) {
    throw new Refusal(`it is not an IPv${version} address`, remedy, {
      sample: true,
    });
  }
  if (text.includes("%")) throw zoned(bare);
  if (text !== bare) {
    // A subnet's first address is no host's: without its length it would be refused next.
    const length = Number(text.slice(bare.length + 1));
    if (length < bits(version) && isFirst(version, value, length)) {
      throw new Refusal("it is a subnet, not an address", remedy, {
        sample: true,
      });
    }
    throw new Refusal(
      "it has a prefix length",
      `Give the address alone: ${bare}`,
      { meant: bare },
    );
  }
  return value;
}

const isFirst = (version: Version, value: bigint, length: number): boolean =>
  Number.isInteger(length) &&
  length >= 0 &&
  subnetAt(version, value, length).network === value;

/**
 * Reads `address/length`, host bits zero.
 * @throws Refusal on a zone, no length, a length out of range, or host bits (naming the subnet meant).
 */
export function parseSubnet(
  version: Version,
  text: string,
  remedy = `Write it like ${sample(version, version === 4 ? "0/24" : "/64")}`,
): Subnet {
  const slash = text.indexOf("/");
  const [address = "", zone] = (slash < 0 ? text : text.slice(0, slash)).split(
    "%",
  );
  const value = parseAddress(version, address, remedy);
  if (slash < 0)
    throw new Refusal("it has no prefix length", remedy, { sample: true });
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  if (!/^\d{1,3}$/.test(digits) || length > bits(version)) {
    throw new Refusal(
      `its prefix length is not a number from 0 to ${bits(version)}`,
      remedy,
      { sample: true },
    );
  }
  if (zone !== undefined) throw zoned(`${address}/${length}`);
  const subnet = subnetAt(version, value, length);
  if (subnet.network !== value) {
    const meant = formatSubnet(subnet);
    throw new Refusal(
      `it has bits set behind its prefix length /${length}`,
      `The subnet is ${meant}`,
      { meant },
    );
  }
  return subnet;
}

/** The subnet of that length around an address. */
export function subnetAt(
  version: Version,
  address: bigint,
  length: number,
): Subnet {
  const hostBits = BigInt(bits(version) - length);
  return { version, network: (address >> hostBits) << hostBits, length };
}

/** RFC 5952 for IPv6, dotted decimal for IPv4. */
export function formatAddress(version: Version, value: bigint): string {
  return toText(version, value.toString());
}

export function formatSubnet({ version, network, length }: Subnet): string {
  return `${formatAddress(version, network)}/${length}`;
}

/** How many addresses a subnet holds. */
export function size({ version, length }: Subnet): bigint {
  return 1n << BigInt(bits(version) - length);
}

export function contains(subnet: Subnet, address: bigint): boolean {
  return (
    subnetAt(subnet.version, address, subnet.length).network === subnet.network
  );
}

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
    { meant: without },
  );

/** An example, of the documentation ranges. */
const sample = (version: Version, rest = version === 4 ? "10" : "2"): string =>
  version === 4 ? `192.0.2.${rest}` : `2001:db8:1:2::${rest}`;

/** The same function, its results kept: a repository holds few addresses, but many times each. */
function remembering<Result>(
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

const toInteger = remembering(integerOf);
const toText = remembering((version, value) =>
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
