import { describe, expect, test } from "vitest";
import { parseSubnet } from "../../../src/ip/address.ts";
import {
  documentation,
  globalAddress,
  internalPrefix,
  isUla,
  privateSubnet,
  providerPrefix,
} from "../../../src/ip/special-ranges.ts";
import { refusalOf } from "../../support/refusal.ts";

// Each special range with its first and its last /64 or address, and the accepted neighbours.
describe("--prefix", () => {
  test.each([
    ["2000:1::/64"],
    ["2000::/16"],
    ["2001:200::/64"], // right behind 2001::/23
    ["2000:ffff:ffff:ffff::/64"], // right before it
    ["2003::/16"], // right behind 2002::/16
    ["2001:ffff:ffff:ffff::/64"], // right before it
    ["3fff:ffff:ffff:ffff::/64"], // the last of 2000::/3
    ["2a03:2222:3333:4444::/64"],
    ["2a00::/12"],
    ["3000::/4"],
    ["2001:db8::/32"],
    ["3fff:0:0:1::/64"],
  ])("takes %s", (text) => {
    expect(providerPrefix(text)).toBe(text);
  });

  test.each([
    ["::/64", "RFC 4291 2.5"],
    ["::/0", "RFC 4291"],
    ["::1/128", "loopback"],
    ["::ffff:0:0/96", "IPv4-mapped"],
    ["64:ff9b::/96", "NAT64 space (RFC 6052)"],
    ["64:ff9b:1:2::/64", "RFC 8215"],
    ["100::/64", "discard"],
    ["100:0:0:1::/64", "outside global unicast"],
    ["1fff:ffff:ffff:ffff::/64", "outside global unicast"],
    ["4000::/64", "outside global unicast"],
    ["2000::/3", "RFC 2928"],
    ["2001::/64", "RFC 2928"],
    ["2001:1ff:ffff:ffff::/64", "RFC 2928"],
    ["2000::/15", "RFC 2928"],
    ["2002::/64", "6to4"],
    ["2002:ffff:ffff:ffff::/64", "6to4"],
    ["fc00::/64", "unique local"],
    ["fdff:ffff:ffff:ffff::/64", "unique local"],
    ["fe80::/64", "link-local"],
    ["fec0::/64", "site-local"],
    ["ff02::/64", "multicast"],
    ["e000::/64", "outside global unicast"],
  ])("refuses %s: %s", (text, words) => {
    const said = refusalOf(() => providerPrefix(text));
    expect(said).toContain(words);
    expect(said).toContain("2a03:2222:3333:4444::/64");
  });

  test("/64 is the longest, and a longer one is told its /64", () => {
    expect(providerPrefix("2a03:2222:3333:4444::/64")).toBeTruthy();
    const said = refusalOf(() => providerPrefix("2a03:2222:3333:4444:5::/80"));
    expect(said).toContain("a /80 is longer than /64");
    expect(said).toContain("2a03:2222:3333:4444::/64");
    refusalOf(() => providerPrefix("2a03:2222:3333:4444::/65"));
  });
});

describe("an address", () => {
  test.each([
    ["2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 2928"],
    ["2002::1", "6to4"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::ffff:192.0.2.1", "IPv4-mapped"],
    ["::192.0.2.1", "outside global unicast"],
    ["64:ff9b::192.0.2.1", "NAT64"],
    ["fe80::1", "link-local"],
    ["ff02::1", "multicast"],
    ["fd00::1", "unique local"],
  ])("%s is refused: %s", (text, words) => {
    expect(refusalOf(() => globalAddress(text))).toContain(words);
  });

  test("right beside a special range is global", () => {
    for (const text of [
      "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "2001:200::",
      "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "2003::",
      "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "2000::",
    ])
      expect(globalAddress(text)).toBe(text);
  });
});

describe("--internal-prefix", () => {
  test.each([
    ["fd00::/48"],
    ["fd4c:8a1e:92b7::/64"],
    ["fdff:ffff:ffff:ffff:ffff:ffff:ffff:0/112"],
    ["2a03:2222:3333:4444:500::/72"],
  ])("takes %s", (text) => {
    expect(internalPrefix(text)).toBe(text);
  });

  test.each([
    ["fd00::/47", "not between /48 and /112"],
    ["fd00::/113", "not between /48 and /112"],
    ["fd00::/8", "not between /48 and /112"],
    ["fc00::/64", "fc00::/8 is not yet defined"],
    ["fcff:ffff:ffff:ffff::/64", "fc00::/8 is not yet defined"],
    ["fe00::/64", "outside global unicast"],
    ["fe80::/64", "link-local"],
    ["2002::/64", "6to4"],
    ["2001::/64", "RFC 2928"],
    ["ff00::/64", "multicast"],
  ])("refuses %s: %s", (text, words) => {
    expect(refusalOf(() => internalPrefix(text))).toContain(words);
  });
});

describe("--backend-subnet", () => {
  test.each([
    ["10.0.0.0/8"],
    ["10.255.255.240/28"],
    ["172.16.0.0/12"],
    ["172.16.0.0/16"],
    ["172.31.255.240/28"],
    ["192.168.0.0/16"],
    ["192.168.255.240/28"],
  ])("takes %s", (text) => {
    expect(privateSubnet(text)).toBe(text);
  });

  test.each([
    ["172.99.0.0/16", "public address space"], // the recipe's own
    ["9.255.255.0/24", "public address space"],
    ["11.0.0.0/24", "public address space"],
    ["172.15.255.0/24", "public address space"],
    ["172.32.0.0/24", "public address space"],
    ["192.167.255.0/24", "public address space"],
    ["192.169.0.0/24", "public address space"],
    ["100.64.0.0/24", "public address space"],
    ["10.0.0.0/7", "reaches beyond 10.0.0.0/8"],
    ["172.16.0.0/11", "bits set|reaches beyond 172.16.0.0/12"],
    ["192.168.0.0/15", "reaches beyond 192.168.0.0/16"],
    ["0.0.0.0/0", "public address space"],
    ["10.0.0.0/29", "too small"],
    ["10.0.0.0/32", "too small"],
    ["10.0.0.1/24", "bits set"],
    ["10.0.0.0", "no prefix length"],
    ["fd00::/64", "not an IPv4"],
  ])("refuses %s: %s", (text, words) => {
    expect(refusalOf(() => privateSubnet(text))).toMatch(new RegExp(words));
  });
});

test("documentation space is known by its RFC, its neighbours are not", () => {
  const of = (text: string): string | undefined =>
    documentation(parseSubnet(6, text));
  expect(of("2001:db8::/64")).toBe("RFC 3849");
  expect(of("2001:db8:ffff:ffff::/64")).toBe("RFC 3849");
  expect(of("2001:db9::/64")).toBe(undefined);
  expect(of("2001:db7:ffff:ffff::/64")).toBe(undefined);
  expect(of("3fff::/64")).toBe("RFC 9637");
  expect(of("3fff:fff:ffff:ffff::/64")).toBe("RFC 9637");
  expect(of("3fff:1000::/64")).toBe(undefined);
  // A prefix that holds all of it is in it too.
  expect(of("2001:c00::/22")).toBe("RFC 3849");
});

test("a ULA is fc00::/7", () => {
  expect(isUla(parseSubnet(6, "fc00::/64"))).toBe(true);
  expect(isUla(parseSubnet(6, "fdff::/64"))).toBe(true);
  expect(isUla(parseSubnet(6, "fbff::/64"))).toBe(false);
  expect(isUla(parseSubnet(6, "fe00::/64"))).toBe(false);
});
