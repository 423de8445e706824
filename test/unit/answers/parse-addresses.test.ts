import { describe, expect, test } from "vitest";
import type { AnswerKey } from "../../../src/answers/types.ts";
import { normalForm } from "../../support/base.ts";
import { refusalOf } from "../../support/refusal.ts";

const refused = (key: AnswerKey, text: string): string =>
  refusalOf(() => normalForm(key, text));

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
    ["3000::/8"],
    ["2a03:2222:3333:4444::/126"],
    ["2001:db8::/32"],
    ["3fff:0:0:1::/64"],
  ])("takes %s", (text) => {
    expect(normalForm("prefix", text)).toBe(text);
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
    const said = refusalOf(() => normalForm("prefix", text));
    expect(said).toContain(words);
    expect(said).toContain("Give the provider's ADDRESS/LENGTH");
  });

  test("one or two addresses are no prefix, and neither is their /64", () => {
    for (const text of ["2a03:1:2:3::5/128", "2a03:1:2:3::4/127"]) {
      const said = refused("prefix", text);
      expect(said).toContain("Ask the provider for a prefix");
      expect(said).not.toContain("2a03:");
    }
  });

  test("is not shorter than /8", () => {
    expect(refused("prefix", "3000::/4")).toContain("shorter than /8");
  });

  test("without a length, it is told its /64", () => {
    const said = refused("prefix", "2a03:2222:3333:4444::2");
    expect(said).toContain("If it is a /64: 2a03:2222:3333:4444::/64");
    expect(refused("prefix", "fd00::2")).toContain("unique local");
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
    expect(refusalOf(() => normalForm("host", text))).toContain(words);
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
      expect(normalForm("host", text)).toBe(text);
  });
});

describe("--host", () => {
  test.each([
    ["keep", "keep"],
    ["KEEP", "keep"],
    ["2001:DB8:1:2:0::2", "2001:db8:1:2::2"],
    // The usual length is left out: one normal form.
    ["2001:db8:1:2::2/64", "2001:db8:1:2::2"],
    ["2001:db8:1:2::2/064", "2001:db8:1:2::2"],
    ["2001:db8:1:2::2/56", "2001:db8:1:2::2/56"],
    ["2001:db8:1:2::2/128", "2001:db8:1:2::2/128"],
  ])("takes %s as %s", (text, normal) => {
    expect(normalForm("host", text)).toBe(normal);
  });

  test.each(["7", "129", "", "x", "64/64", "-64"])(
    "refuses the length %j",
    (length) => {
      expect(refused("host", `2001:db8:1:2::2/${length}`)).toContain(
        "8 to 128. Give the length that the link has, like 2001:db8:1:2::2/64",
      );
    },
  );
});

describe("--internal-prefix", () => {
  test.each([
    ["fd00::/48"],
    ["fd4c:8a1e:92b7::/64"],
    ["fdff:ffff:ffff:ffff:ffff:ffff:ffff:0/112"],
    ["2a03:2222:3333:4444:500::/72"],
  ])("takes %s", (text) => {
    expect(normalForm("internalPrefix", text)).toBe(text);
  });

  test.each([
    ["fd00::/47", "not between /48 and /112"],
    ["fd00::/113", "not between /48 and /112"],
    ["fd00::/8", "not between /48 and /112"],
    ["fc00::/64", "fc00::/8 is not in use"],
    ["fcff:ffff:ffff:ffff::/64", "fc00::/8 is not in use"],
    ["fe00::/64", "outside global unicast"],
    ["fe80::/64", "link-local"],
    ["2002::/64", "6to4"],
    ["2001::/64", "RFC 2928"],
    ["ff00::/64", "multicast"],
  ])("refuses %s: %s", (text, words) => {
    expect(refusalOf(() => normalForm("internalPrefix", text))).toContain(
      words,
    );
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
    expect(normalForm("backendSubnet", text)).toBe(text);
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
    expect(refusalOf(() => normalForm("backendSubnet", text))).toMatch(
      new RegExp(words),
    );
  });
});

describe("--exposed", () => {
  test.each(["/65", "/80", "/126"])("may be a %s", (length) => {
    const text = `2001:db8:1:2::${length}`;
    expect(normalForm("exposed", text)).toBe(text);
  });

  test.each(["/64", "/127", "/128", "/3"])("is refused as a %s", (length) => {
    const text = length === "/3" ? "2000::/3" : `2001:db8:1:2::${length}`;
    expect(refused("exposed", text)).toContain("not between /65 and /126");
  });

  test("is global, without host bits", () => {
    expect(refused("exposed", "fd00::/80")).toContain("unique local");
    expect(refused("exposed", "2002::/80")).toContain("6to4");
    expect(refused("exposed", "2001:db8::1/80")).toContain("2001:db8::/80");
  });
});

describe("--gateway", () => {
  test.each([
    ["fe80::1", "fe80::1"],
    ["FE80:0:0:0:0:0:0:1", "fe80::1"],
    [
      "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ],
    ["2001:db8::1", "2001:db8::1"],
    ["ra", "ra"],
    ["none", "none"],
    ["RA", "ra"],
    ["None", "none"],
  ])("takes %s as %s", (text, normal) => {
    expect(normalForm("gateway", text)).toBe(normal);
  });

  test.each([
    ["fe80::1%ens3", "zone"],
    ["fec0::1", "site-local"],
    ["fe7f:ffff::1", "outside global unicast"],
    ["fd00::1", "unique local"],
    ["ff02::2", "multicast"],
    ["::", "unspecified"],
    ["192.0.2.1", "not an IPv6 address"],
    ["any", "not an IPv6 address"],
  ])("refuses %s: %s", (text, words) => {
    expect(refused("gateway", text)).toContain(words);
  });
});

describe("--ipv4", () => {
  test("takes its words in capitals too", () => {
    expect(normalForm("ipv4", "ANY")).toBe("any");
    expect(normalForm("ipv4", "None")).toBe("none");
  });

  test.each([
    "any",
    "none",
    "192.0.2.10",
    "1.0.0.1",
    "223.255.255.254",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "10.0.0.1/8",
    "1.2.3.4/22",
    "192.0.2.0/31",
    "192.0.2.1/31",
    "192.0.2.255/32",
    "1.0.0.1/1",
  ])("takes %s", (text) => {
    expect(normalForm("ipv4", text)).toBe(text);
  });

  test("drops leading zeros of the length only", () => {
    expect(normalForm("ipv4", "192.0.2.10/08")).toBe("192.0.2.10/8");
  });

  test.each([
    ["0.0.0.0", "'this host'"],
    ["0.1.2.3", "'this host'"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["169.254.0.1", "link-local"],
    ["169.254.255.255", "link-local"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "reserved"],
    ["192.0.2.0/24", "network address of its /24"],
    ["192.0.2.255/24", "broadcast address of its /24"],
    ["192.0.2.4/30", "network address"],
    ["192.0.2.10/0", "1 to 32"],
    ["192.0.2.10/33", "1 to 32"],
    ["192.0.2.10/", "1 to 32"],
    ["192.0.2.10/24/24", "1 to 32"],
    ["192.0.2.10/2e1", "1 to 32"],
    ["192.0.2.10:80", "not an IPv4"],
    ["2001:db8::1", "not an IPv4"],
    ["", "not an IPv4"],
    ["192.0.2", "not an IPv4"],
    ["192.000.002.010", "not an IPv4"],
  ])("refuses %s: %s", (text, words) => {
    expect(refused("ipv4", text)).toContain(words);
  });
});

test("--ipv4-gateway is an address alone, or none", () => {
  expect(normalForm("ipv4Gateway", "none")).toBe("none");
  expect(normalForm("ipv4Gateway", "NONE")).toBe("none");
  expect(normalForm("ipv4Gateway", "192.0.2.1")).toBe("192.0.2.1");
  expect(refused("ipv4Gateway", "192.0.2.1/24")).toContain("prefix length");
  expect(refused("ipv4Gateway", "any")).toContain("not an IPv4");
  expect(refused("ipv4Gateway", "127.0.0.1")).toContain("loopback");
});
