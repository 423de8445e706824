import { describe, expect, test } from "vitest";
import { parseAddress, parseSubnet } from "../../../src/ip/address.ts";
import {
  documentation,
  isLinkLocal,
  isPublic4,
  isUla,
  whyNotGlobal,
} from "../../../src/ip/special-ranges.ts";

describe("global unicast space", () => {
  test.each([
    ["2000::/128", undefined],
    ["2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff/128", "is IETF protocol space"],
    ["2001:200::/23", undefined],
    ["2000::/3", "contains IETF protocol space (RFC 2928)"],
    ["::/0", "contains the unspecified address"],
    ["2002:1::/32", "is 6to4 space (RFC 3056)"],
    ["4000::/64", "is outside global unicast space"],
  ])("%s: %s", (text, reason) => {
    const said = whyNotGlobal(parseSubnet(6, text));
    if (reason === undefined) expect(said).toBe(undefined);
    else expect(said).toContain(reason);
  });
});

test.each([
  ["9.255.255.255", true],
  ["10.0.0.0", false],
  ["100.63.255.255", true],
  ["100.64.0.0", false],
  ["100.127.255.255", false],
  ["100.128.0.0", true],
  ["127.0.0.1", false],
  ["169.254.1.1", false],
  ["172.15.255.255", true],
  ["172.16.0.0", false],
  ["172.32.0.0", true],
  ["192.0.2.1", true],
  ["192.168.0.1", false],
  ["198.17.255.255", true],
  ["198.18.0.0", false],
  ["223.255.255.255", true],
  ["224.0.0.0", false],
  ["0.1.2.3", false],
])("the IPv4 address %s is public: %s", (text, isPublic) => {
  expect(isPublic4(parseAddress(4, text))).toBe(isPublic);
});

test("link-local is fe80::/10", () => {
  const of = (text: string): boolean => isLinkLocal(parseAddress(6, text));
  expect(of("fe80::1")).toBe(true);
  expect(of("febf:ffff::1")).toBe(true);
  expect(of("fe7f:ffff::1")).toBe(false);
  expect(of("fec0::1")).toBe(false);
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
