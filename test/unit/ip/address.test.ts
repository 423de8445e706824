import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Refusal } from "../../../src/base/errors.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  reverseName,
  size,
  subnetAt,
  type Subnet,
} from "../../../src/ip/address.ts";
import { anyAddress, spelling } from "../../support/arbitrary.ts";
import {
  overlap,
  networkOf,
  nibbles,
  parse4,
  parse6,
  sizeOf,
  spell6,
  within,
} from "../../support/ipv6.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

/** The refusal, as one text. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return `${error.message}. ${error.remedy}`;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("parseAddress", () => {
  test("reads every spelling of 2,000 random addresses", () => {
    const holds = fc.property(anyAddress, fc.nat(6), (value, style) => {
      expect(parseAddress(6, spelling(value, style))).toBe(value);
    });
    fc.assert(holds, runs(2000));
  });

  test("reads and refuses just what RFC 4291 2.2 does", () => {
    const characters = fc.constantFrom(..."0001fA::::..25");
    const holds = fc.property(
      fc.string({ unit: characters, minLength: 1, maxLength: 24 }),
      fc.oneof(anyAddress),
      fc.nat(6),
      fc.nat(40),
      (noise, value, style, at) => {
        // A correct text with one thing changed, and noise.
        const text = spelling(value, style);
        const cut = at % text.length;
        const damaged = text.slice(0, cut) + noise[0] + text.slice(cut + 1);
        for (const candidate of [noise, damaged, text.slice(cut)]) {
          const expected = parse6(candidate);
          const found = read(() => parseAddress(6, candidate));
          expect([candidate, found]).toEqual([candidate, expected]);
        }
      },
    );
    fc.assert(holds, runs(2000));
  });

  test.each([
    ["2001:db8::1%eth0", "zone (RFC 4007)", "2001:db8::1"],
    ["fe80::1%", "zone (RFC 4007)", "fe80::1"],
    ["2001:db8::1/64", "prefix length", "2001:db8::1"],
    ["2001:db8::/65", "a subnet, not an address", "2001:db8:1:2::2"],
    ["", "not an IPv6 address", "2001:db8:"],
    ["192.0.2.1", "not an IPv6 address", "2001:db8:"],
    ["2001:db8", "not an IPv6 address", "2001:db8:"],
    ["2001:db8::1::2", "not an IPv6 address", "2001:db8:"],
    ["[2001:db8::1]", "not an IPv6 address", "2001:db8:"],
    ["2001:db8::1 ", "not an IPv6 address", "2001:db8:"],
    ["2001:db8::\n1", "not an IPv6 address", "2001:db8:"],
    ["２001:db8::1", "not an IPv6 address", "2001:db8:"],
    ["1:2:3:4:5:6:7:8::", "not an IPv6 address", "2001:db8:"],
    ["0:0:0:0:0:0:0:00001", "not an IPv6 address", "2001:db8:"],
    ["::192.0.2.256", "not an IPv6 address", "2001:db8:"],
    ["::192.0.2.01", "not an IPv6 address", "2001:db8:"],
    ["$(id)", "not an IPv6 address", "2001:db8:"],
  ])("refuses %j: %s", (text, reason, remedy) => {
    const said = refusal(() => parseAddress(6, text));
    expect(said).toContain(reason);
    expect(said).toContain(remedy);
  });

  test("IPv4 is dotted decimal, without leading zeros or other bases", () => {
    expect(parseAddress(4, "192.0.2.10")).toBe(0xc000020an);
    expect(parseAddress(4, "255.255.255.255")).toBe(2n ** 32n - 1n);
    for (const text of ["192.0.2", "192.0.2.010", "0x7f.1.1.1", "1.2.3.256"])
      expect(parse4(text)).toBe(undefined);
    for (const text of [
      "1.2.3",
      "1.2.3.04",
      "0x7f.1.1.1",
      "1.2.3.256",
      "",
      "::1",
    ])
      expect(refusal(() => parseAddress(4, text))).toContain("not an IPv4");
  });
});

describe("formatAddress is RFC 5952", () => {
  test("for 2,000 random addresses, zero runs among them", () => {
    const holds = fc.property(anyAddress, (value) => {
      const text = formatAddress(6, value);
      expect(text).toBe(spell6(value));
      expect(parse6(text)).toBe(value);
    });
    fc.assert(holds, runs(2000));
  });

  test.each([
    // 4.1 leading zeros, 4.2.1 shortened as far as possible, 4.2.2 not one group alone
    ["2001:0db8:0:0:0:0:0:0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    // 4.2.3 the longest run, the first of equal ones; 4.3 lower case
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["2001:db8:1:2:0:0:0:0", "2001:db8:1:2::"],
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:db8::192.0.2.33", "2001:db8::c000:221"],
  ])("%s is %s", (text, normal) => {
    expect(formatAddress(6, parseAddress(6, text))).toBe(normal);
  });
});

describe("parseSubnet", () => {
  test("host bits are refused, and the subnet that was meant is named", () => {
    const lengths = fc.integer({ min: 0, max: 128 });
    const holds = fc.property(anyAddress, lengths, (value, length) => {
      const network = networkOf(value, length);
      const text = `${spell6(network)}/${length}`;
      const subnet = { version: 6, network, length };
      expect(parseSubnet(6, text)).toEqual(subnet);
      expect(formatSubnet(subnet as Subnet)).toBe(text);
      if (value === network) return;
      const said = refusal(() => parseSubnet(6, `${spell6(value)}/${length}`));
      expect(said).toContain(`after its prefix length /${length}`);
      expect(said).toContain(text);
    });
    fc.assert(holds, runs(500));
  });

  test.each([
    ["2001:db8::", "no prefix length"],
    ["2001:db8::/", "not a number from 0 to 128"],
    ["2001:db8::/129", "not a number from 0 to 128"],
    ["2001:db8::/-1", "not a number from 0 to 128"],
    ["2001:db8::/6 4", "not a number from 0 to 128"],
    ["2001:db8::/6e1", "not a number from 0 to 128"],
    ["2001:db8::/0x40", "not a number from 0 to 128"],
    ["2001:db8::/0064", "not a number from 0 to 128"],
    ["2001:db8::/64/64", "not a number from 0 to 128"],
    ["2001:db8::%eth0/64", "zone"],
    ["/64", "not an IPv6 address"],
    ["2001:db8::1/64", "The subnet is 2001:db8::/64"],
    ["2001:db8:0:0:1::/64", "The subnet is 2001:db8::/64"],
  ])("refuses %j: %s", (text, reason) => {
    expect(refusal(() => parseSubnet(6, text))).toContain(reason);
  });

  test("takes both ends: /0 and /128", () => {
    expect(parseSubnet(6, "::/0").length).toBe(0);
    expect(parseSubnet(6, "2001:db8::1/128").length).toBe(128);
    expect(parseSubnet(4, "0.0.0.0/0").length).toBe(0);
    expect(refusal(() => parseSubnet(4, "10.0.0.0/33"))).toContain("0 to 32");
    expect(refusal(() => parseSubnet(4, "10.0.0.1/8"))).toContain("10.0.0.0/8");
  });
});

test("size, contains and overlaps agree with arithmetic", () => {
  const lengths = fc.integer({ min: 0, max: 128 });
  const holds = fc.property(
    anyAddress,
    lengths,
    anyAddress,
    lengths,
    fc.boolean(),
    (one, length, other, otherLength, near) => {
      // Half of the pairs are neighbours, or one inside the other.
      const second = near ? (one ^ sizeOf(length)) % 2n ** 128n : other;
      const a = subnetAt(6, one, length);
      const b = subnetAt(6, second, otherLength);
      expect(a.network).toBe(networkOf(one, length));
      expect(size(a)).toBe(sizeOf(length));
      const own = { address: a.network, length };
      expect(contains(a, second)).toBe(within(own, second));
      const theirs = { address: b.network, length: otherLength };
      expect(overlaps(a, b)).toBe(overlap(own, theirs));
      expect(overlaps(b, a)).toBe(overlaps(a, b));
      expect(contains(a, a.network + size(a) - 1n)).toBe(true);
    },
  );
  fc.assert(holds, runs(500));
});

test("subnets of different versions never overlap", () => {
  const four = parseSubnet(4, "0.0.0.0/0");
  expect(overlaps(four, parseSubnet(6, "::/0"))).toBe(false);
});

describe("reverseName", () => {
  test("is the nibbles of 500 random addresses, last first", () => {
    const holds = fc.property(anyAddress, (value) => {
      expect(reverseName(6, value)).toBe(nibbles(value));
    });
    fc.assert(holds, runs(500));
  });

  test("is RFC 3596's own example", () => {
    const value = parseAddress(6, "4321:0:1:2:3:4:567:89ab");
    expect(reverseName(6, value)).toBe(
      "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.",
    );
  });

  test("of an IPv4 address is its bytes", () => {
    const value = parseAddress(4, "192.0.2.10");
    expect(reverseName(4, value)).toBe("10.2.0.192.in-addr.arpa.");
  });
});

function read(act: () => bigint): bigint | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
