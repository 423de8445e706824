import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { formatAddress, formatSubnet } from "../../../src/ip/address.ts";
import { plan, type Plan } from "../../../src/plan/plan.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { answersFrom } from "../../support/base.ts";
import {
  cidr4,
  networkOf,
  parse4,
  sizeOf,
  spell4,
  within,
} from "../../support/ipv6.ts";
import type { Cidr } from "../../support/ipv6.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

const planOf = (given: Given = {}): Plan => plan(answersFrom(given));

const FULL = { ipv4: "192.0.2.10/24", ipv4Gateway: "192.0.2.1" };

test("is plain data: templates see no class, no function, nothing undefined", () => {
  const { numbers, ...texts } = planOf(FULL);
  expect(JSON.parse(JSON.stringify(texts))).toEqual(texts);
  expect(structuredClone(numbers)).toEqual(numbers);
});

test("numbers and texts are the same addresses", () => {
  const { numbers, ...texts } = planOf(FULL);
  const four = (address: bigint): string => formatAddress(4, address);
  const six = (address: bigint): string => formatAddress(6, address);
  expect(texts).toMatchObject({
    prefix: formatSubnet(numbers.prefix),
    host: {
      address: six(numbers.host?.address ?? 0n),
      interface: `${six(numbers.host?.address ?? 0n)}/${numbers.host?.length}`,
    },
    gateway: { address: six(numbers.gateway ?? 0n) },
    exposed: {
      subnet: formatSubnet(numbers.exposed.subnet),
      gateway: six(numbers.exposed.gateway),
      range: formatSubnet(numbers.exposed.range),
    },
    kong: { address: six(numbers.kong) },
    ipv4: {
      address: four(numbers.ipv4?.address ?? 0n),
      netplan: { gateway: four(numbers.ipv4?.netplan?.gateway ?? 0n) },
    },
    backend: {
      subnet: formatSubnet(numbers.backend.subnet),
      gateway: four(numbers.backend.gateway),
      range: formatSubnet(numbers.backend.range),
      kong: four(numbers.backend.kong),
    },
    internalPrefix: formatSubnet(numbers.internalPrefix),
  });
  expect(planOf().numbers.ipv4).toBe(undefined);
  expect(planOf({ ipv4: "192.0.2.10" }).numbers.ipv4?.netplan).toBe(null);
});

describe("the exposed network", () => {
  test.each([
    // Kong in one half, dynamic addresses from the other (docker/compose#11899).
    // Docker 20.10 finds no address beyond the first 2^32.
    // Docker 20.10 hands out none behind the first 2^32 addresses.
    ["/80", "2001:db8:1:2:300::8100", "2001:db8:1:2:300:0:8000:0/97"],
    ["/80", "2001:db8:1:2:300::7fff:ffff", "2001:db8:1:2:300:0:8000:0/97"],
    ["/80", "2001:db8:1:2:300::8000:0", "2001:db8:1:2:300::/97"],
    ["/80", "2001:db8:1:2:300:8000::", "2001:db8:1:2:300::/97"],
    ["/96", "2001:db8:1:2:300::8000:0", "2001:db8:1:2:300::/97"],
    ["/97", "2001:db8:1:2:300::8100", "2001:db8:1:2:300:0:4000:0/98"],
    ["/112", "2001:db8:1:2:300::8000", "2001:db8:1:2:300::/113"],
    ["/126", "2001:db8:1:2:300::2", "2001:db8:1:2:300::/127"],
    ["/126", "2001:db8:1:2:300::3", "2001:db8:1:2:300::/127"],
  ])("%s with Kong at %s hands out %s", (length, kong, range) => {
    const exposed = `2001:db8:1:2:300::${length}`;
    expect(planOf({ exposed, kong }).exposed).toMatchObject({
      subnet: exposed,
      gateway: "2001:db8:1:2:300::1",
      range,
    });
  });

  test.each([
    ["ipv6_exposed", "ipv6_exposed"],
    ["ab", "ab"],
    ["x".repeat(15), "x".repeat(15)],
    // Too long for Linux, or with a dot that sysctl reads as a slash: a hash.
    ["x".repeat(16), /^br-[0-9a-f]{12}$/],
    ["a.b", /^br-[0-9a-f]{12}$/],
    ["public-gateways.v6", /^br-[0-9a-f]{12}$/],
  ])("%s has the bridge %s", (network, bridge) => {
    const found = planOf({ network }).exposed.bridge;
    expect(found).toMatch(bridge);
    expect(found.length).toBeLessThanOrEqual(15);
    expect(planOf({ network }).exposed.bridge).toBe(found);
  });

  test("different long names have different bridges", () => {
    const names = Array.from({ length: 100 }, (_, i) => `network.number.${i}`);
    const bridges = names.map((network) => planOf({ network }).exposed.bridge);
    expect(new Set(bridges).size).toBe(100);
  });
});

describe("kong-net", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.1", "10.0.0.0/26", "10.0.0.100"],
    ["172.30.0.0/16", "172.30.0.1", "172.30.0.0/26", "172.30.0.100"],
    ["192.168.7.0/24", "192.168.7.1", "192.168.7.0/26", "192.168.7.100"],
    ["192.168.7.128/25", "192.168.7.129", "192.168.7.128/27", "192.168.7.228"],
    ["192.168.7.64/26", "192.168.7.65", "192.168.7.64/28", "192.168.7.96"],
    ["192.168.7.32/27", "192.168.7.33", "192.168.7.32/29", "192.168.7.48"],
    ["192.168.7.240/28", "192.168.7.241", "192.168.7.240/30", "192.168.7.248"],
  ])(
    "%s: gateway %s, dynamic %s, Kong %s",
    (backendSubnet, gateway, range, kong) => {
      expect(planOf({ backendSubnet }).backend).toEqual({
        subnet: backendSubnet,
        gateway,
        range,
        kong,
      });
    },
  );

  test("of every length leaves Kong out of the dynamic range, and room for two more", () => {
    const lengths = fc.integer({ min: 8, max: 28 });
    const holds = fc.property(lengths, fc.nat(), (length, random) => {
      const offset = networkOf(BigInt(random) % sizeOf(8, 32), length, 32);
      const backendSubnet = `${spell4((10n << 24n) + offset)}/${length}`;
      const { gateway, range, kong } = planOf({ backendSubnet }).backend;
      const subnet = cidr4(backendSubnet) as Cidr;
      const dynamic = cidr4(range) as Cidr;
      const kongs = parse4(kong) as bigint;
      expect(parse4(gateway)).toBe(subnet.address + 1n);
      expect(within(subnet, kongs, 32)).toBe(true);
      expect(within(dynamic, kongs, 32)).toBe(false);
      expect(within(subnet, dynamic.address, 32)).toBe(true);
      expect(dynamic.length).toBeGreaterThan(length);
      // The network's address and the gateway are taken.
      expect(sizeOf(dynamic.length, 32) - 2n).toBeGreaterThanOrEqual(2n);
      expect(kongs).not.toBe(subnet.address + sizeOf(length, 32) - 1n);
    });
    fc.assert(holds, runs(300));
  });
});

describe("the uplink", () => {
  test("the host is on a /64, unless its length is given", () => {
    expect(planOf().host?.interface).toBe("2001:db8:1:2::2/64");
    const shorter = { prefix: "2001:db8:1::/48", host: "2001:db8:1::2" };
    expect(planOf(shorter).host?.interface).toBe("2001:db8:1::2/64");
    expect(planOf({ ...shorter, host: "2001:db8:1::2/48" }).host).toMatchObject(
      { interface: "2001:db8:1::2/48", length: 48 },
    );
  });

  test("a kept host has no address and no route", () => {
    const { host, routes, gateway } = planOf({ host: "keep" });
    expect({ host, routes }).toEqual({ host: null, routes: [] });
    expect(gateway).toEqual({ answer: "ra", address: "", advertised: true });
  });

  test("a gateway none is a route without a gateway; ra is no route", () => {
    const none = { to: "::/0", via: "", onLink: false };
    expect(planOf({ gateway: "none" }).routes).toEqual([none]);
    expect(planOf({ gateway: "ra" }).routes).toEqual([]);
  });

  test.each([
    [{ gateway: "fe80::1" }, false],
    [{ gateway: "febf::1" }, false],
    [{ gateway: "2001:db8:1:2::1" }, false],
    [{ gateway: "2001:db8:1:3::1" }, true],
    [{ host: "2001:db8:1:2::2/48", gateway: "2001:db8:1:9::1" }, false],
    [{ host: "2001:db8:1:2::2/128", gateway: "2001:db8:1:2::1" }, true],
  ])("gateway of %j needs on-link: %s", (given, onLink) => {
    expect(planOf(given).routes[0]?.onLink).toBe(onLink);
  });

  test("a VLAN's dots are slashes in a sysctl key (sysctl.d(5))", () => {
    expect(planOf({ interface: "eth0.100" }).uplink).toEqual({
      name: "eth0.100",
      sysctl: "eth0/100",
    });
    expect(planOf({ interface: "a.b.c" }).uplink.sysctl).toBe("a/b/c");
  });
});

describe("IPv4", () => {
  test.each([
    [
      "none",
      { published: false, bind: "", address: "", reverse: "", netplan: null },
    ],
    [
      "any",
      {
        published: true,
        bind: "0.0.0.0",
        address: "",
        reverse: "",
        netplan: null,
      },
    ],
    [
      "192.0.2.10",
      {
        published: true,
        bind: "192.0.2.10",
        address: "192.0.2.10",
        reverse: "10.2.0.192.in-addr.arpa.",
        netplan: null,
      },
    ],
    [
      "192.0.2.10/24",
      {
        published: true,
        bind: "192.0.2.10",
        address: "192.0.2.10",
        reverse: "10.2.0.192.in-addr.arpa.",
        netplan: null,
      },
    ],
  ])("%s", (ipv4, expected) => {
    expect(planOf({ ipv4 }).ipv4).toEqual(expected);
  });

  test.each([
    ["192.0.2.10/24", "192.0.2.1", false],
    ["192.0.2.10/32", "192.0.2.1", true],
    ["192.0.2.10/24", "198.51.100.1", true],
    ["1.2.3.4/22", "1.2.0.1", false],
    ["1.2.3.4/24", "1.2.0.1", true],
  ])("%s by way of %s needs on-link: %s", (ipv4, ipv4Gateway, onLink) => {
    const { ipv4: own, routes } = planOf({ ipv4, ipv4Gateway });
    expect(own.netplan).toEqual({ interface: ipv4, gateway: ipv4Gateway });
    expect(routes[1]).toEqual({ to: "0.0.0.0/0", via: ipv4Gateway, onLink });
  });
});

describe("plugins", () => {
  const enabled = (...plugin: string[]): string =>
    planOf({ plugin }).plugins.enabled;

  test("are enabled by the name behind kong-plugin- (Kong's convention)", () => {
    expect(enabled()).toBe("bundled");
    expect(enabled("kong-plugin-jwt2header")).toBe("bundled,jwt2header");
    expect(enabled("kong-oidc", "x")).toBe("bundled,kong-oidc,x");
    expect(enabled("kong-plugin-kong-plugin-x")).toBe("bundled,kong-plugin-x");
    expect(enabled("my-kong-plugin-x")).toBe("bundled,my-kong-plugin-x");
  });

  test("are enabled once where two rocks hold one, or it is bundled", () => {
    expect(enabled("x", "kong-plugin-x", "bundled")).toBe("bundled,x");
  });

  test("are enabled by the name after =, and built by the one before", () => {
    const plugin = ["kong-plugin-jwt2header", "kong-oidc=oidc"];
    expect(planOf({ plugin }).plugins).toEqual({
      rocks: [
        { rock: "kong-plugin-jwt2header", plugin: "jwt2header" },
        { rock: "kong-oidc", plugin: "oidc" },
      ],
      enabled: "bundled,jwt2header,oidc",
    });
  });
});

test("the data directory is kept out of git where it lies inside", () => {
  expect(planOf({ dataDir: "./data" }).data.ignore).toBe("/data/");
  expect(planOf({ dataDir: "a/b" }).data).toEqual({
    directory: "./a/b",
    ignore: "/a/b/",
  });
  expect(planOf({ dataDir: "/srv/kong" }).data.ignore).toBe("");
});

test("without a domain the records say what to put there", () => {
  expect(planOf().domain).toBe("YOUR.DOMAIN");
  expect(planOf({ domain: "a.example" }).domain).toBe("a.example");
});

test.each([
  ["ufw", { ufw: true, own: true }],
  ["nftables", { ufw: false, own: true }],
  ["none", { ufw: false, own: false }],
])("firewall %s", (firewall, expected) => {
  expect(planOf({ firewall }).firewall).toEqual(expected);
});
