import { describe, expect, test } from "vitest";
import { newUla } from "../../../src/answers/defaults.ts";
import { resolve, survey, type Given } from "../../../src/answers/resolve.ts";
import { formatSubnet } from "../../../src/ip/address.ts";
import { answersFrom, GIVEN } from "../../support/base.ts";
import { cidr6, sizeOf, type Cidr } from "../../support/ipv6.ts";

test("a ULA is random: fd, 40 random bits, subnet 0, /64", () => {
  const drawn = Array.from({ length: 200 }, () => formatSubnet(newUla()));
  expect(new Set(drawn).size).toBe(200);
  for (const text of drawn) {
    const { address, length } = cidr6(text) as Cidr;
    expect(length).toBe(64);
    expect(address >> 120n).toBe(0xfdn);
    expect(address % sizeOf(48)).toBe(0n);
  }
});

const issuesOf = (given: Given): string[] =>
  survey({ ...GIVEN, ...given }).issues.map(
    ({ flag, remedy }) => `${flag}: ${remedy}`,
  );

describe("the server's default address", () => {
  test.each([
    ["2001:db8:1:2::/64", "on-link"],
    ["2001:db8:1:2::/64", "routed"],
    ["2001:db8:1::/48", "routed"],
  ])("is ::2 in %s, %s", (prefix, delivery) => {
    const host = prefix.replace(/\/.*/, "2");
    expect(answersFrom({ prefix, delivery }).host).toBe(host);
  });

  test.each(["/65", "/80", "/124", "/126"])(
    "is kept beside a routed %s",
    (length) => {
      const prefix = `2001:db8:1:2::${length}`;
      expect(answersFrom({ prefix, delivery: "routed" }).host).toBe("keep");
    },
  );

  test("does not exist in a longer on-link prefix: the remedy has the flags that work", () => {
    const prefix = "2001:db8:1:2::b000/124";
    expect(issuesOf({ prefix })).toEqual([
      "--host: Give the address that ip -6 addr shows with the length of its link, like --host 2001:db8:1:2::b002/64, and as --gateway the one that ip -6 route show default shows; or --host keep to leave both as they are. If the provider routes the prefix to the server, give --delivery routed",
    ]);
    for (const flags of [
      { host: "2001:db8:1:2::b002/64" },
      { host: "keep" },
      { delivery: "routed" },
    ])
      expect(issuesOf({ prefix, ...flags })).toEqual([]);
  });

  test("is the one that was given as the prefix", () => {
    expect(issuesOf({ prefix: "2001:db8:1:2::b005/124" })[1]).toContain(
      "like --host 2001:db8:1:2::b005/64",
    );
  });
});

describe("the default exposed subnet", () => {
  test.each([
    // In the server's /64: of a /56 at OVH the others may be other customers'.
    [
      { prefix: "2001:db8:1::/56", host: "2001:db8:1:7::2" },
      "2001:db8:1:7:300::/80",
    ],
    [
      { prefix: "2001:db8:1::/48", host: "2001:db8:9::2", delivery: "routed" },
      "2001:db8:1:0:300::/80",
    ],
    [{ prefix: "2001:db8:1::/48", host: "keep" }, "2001:db8:1:0:300::/80"],
    // A longer prefix: the half without server and gateway.
    [
      { prefix: "2001:db8:1:2::b000/124", host: "2001:db8:1:2::b001" },
      "2001:db8:1:2::b008/125",
    ],
    [
      { prefix: "2001:db8:1:2::b000/124", host: "2001:db8:1:2::b00e" },
      "2001:db8:1:2::b000/125",
    ],
    [
      {
        prefix: "2001:db8:1:2::b000/124",
        host: "2001:db8:1:2::b001",
        gateway: "2001:db8:1:2::b00f",
      },
      "2001:db8:1:2::b008/126",
    ],
    [
      { prefix: "2001:db8:1:2::/96", host: "2001:db8:1:2::9/64" },
      "2001:db8:1:2::8000:0/97",
    ],
    // Routed, and the server outside or kept: all of it.
    [
      { prefix: "2001:db8:1:2:3::/80", delivery: "routed" },
      "2001:db8:1:2:3::/80",
    ],
    [
      {
        prefix: "2001:db8:1:2:3::/80",
        delivery: "routed",
        host: "2001:db8:9::2/128",
      },
      "2001:db8:1:2:3::/80",
    ],
    [
      {
        prefix: "2001:db8:1:2:3::/80",
        delivery: "routed",
        host: "2001:db8:1:2:3::2",
      },
      "2001:db8:1:2:3:8000::/81",
    ],
    // On-link, and the server elsewhere on the link or kept: its addresses are usually the first ones.
    [
      { prefix: "2001:db8:1:2::b000/124", host: "2001:db8:1:2::5" },
      "2001:db8:1:2::b008/125",
    ],
    [
      { prefix: "2001:db8:1:2::b000/124", host: "keep" },
      "2001:db8:1:2::b008/125",
    ],
  ])("with %j is %s", (given, exposed) => {
    expect(answersFrom(given).exposed).toBe(exposed);
  });

  test.each([
    ["2001:db8:1:2::/112", "2001:db8:1:2::8100"],
    // Too small for ::8100: the next that fits.
    ["2001:db8:1:2::/116", "2001:db8:1:2::2"],
  ])("of %s gives Kong %s", (prefix, kong) => {
    const answers = answersFrom({ prefix, delivery: "routed" });
    expect(answers).toMatchObject({ exposed: prefix, kong });
  });
});

test("the default gateway is fe80::1; a kept host has router advertisements", () => {
  expect(answersFrom().gateway).toBe("fe80::1");
  expect(answersFrom({ host: "keep" }).gateway).toBe("ra");
  expect(answersFrom({ host: "keep", gateway: "none" }).gateway).toBe("none");
});

test("a default sees answers that are asked for later", () => {
  const given = { delivery: "routed", prefix: "2001:db8:1:2:3::/80" };
  expect(resolve(given).answers).toMatchObject({
    host: "keep",
    gateway: "ra",
    ndp: "none",
    exposed: "2001:db8:1:2:3::/80",
    kong: "2001:db8:1:2:3::8100",
  });
});

test.each([
  ["2001:db8:1:2::/126", "--delivery routed"],
  ["2001:db8:1:2::/127", "Ask the provider for a prefix"],
  ["2001:db8:1:2::7/128", "Ask the provider for a prefix"],
])("%s has no room: %s", (prefix, remedy) => {
  const issues = issuesOf({ prefix });
  expect(issues).toHaveLength(1);
  expect(issues[0]).toContain(remedy);
});
