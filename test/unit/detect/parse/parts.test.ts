import { describe, expect, test } from "vitest";
import { filesOf, readParts } from "../../../../src/detect/parse/parts.ts";
import {
  readAddresses,
  readRoutes,
} from "../../../../src/detect/parse/network.ts";
import { inferAnswers } from "../../../../src/detect/infer/infer-answers.ts";
import { readFacts } from "../../../../src/detect/parse/facts.ts";
import { MARKER, recording } from "../recordings.ts";

const part = (name: string, text: string, status = "0"): string =>
  `\n@@m begin ${name}\n${text}\n@@m end ${name} ${status}\n`;

test.each(["temporary", "deprecated", "tentative", "dadfailed"])(
  "an address that is only %s is not a lasting one",
  (flag) => {
    const info = {
      family: "inet6",
      local: "2001:db8:1:2::2",
      prefixlen: 64,
      scope: "global",
    };
    const read = (more: object): (boolean | undefined)[] =>
      readAddresses([
        { ifname: "ens3", ifindex: 2, addr_info: [{ ...info, ...more }] },
      ]).addresses.map(({ lasting }) => lasting);
    expect(read({})).toEqual([true]);
    expect(read({ [flag]: true })).toEqual([false]);
    expect(read({ [flag]: true, valid_life_time: 3600 })).toEqual([false]);
  },
);

test("an address that is deprecated but valid forever is a lasting one", () => {
  const info = {
    family: "inet6",
    local: "2001:db8:1:2::1",
    prefixlen: 64,
    scope: "global",
    deprecated: true,
    valid_life_time: 4294967295,
    preferred_life_time: 0,
  };
  expect(
    readAddresses([{ ifname: "eth0", ifindex: 2, addr_info: [info] }])
      .addresses,
  ).toMatchObject([{ lasting: true, deprecated: true, dynamic: false }]);
});

describe("parts", () => {
  test("greetings before, between and after are no part", () => {
    const output = `Welcome!\n@@other begin a\n${part("a", "1")}noise${part("b", "2", "3")}bye`;
    expect([...readParts(output, "m")]).toEqual([
      ["a", [{ status: 0, text: "1" }]],
      ["b", [{ status: 3, text: "2" }]],
    ]);
  });

  test("lines that end as a terminal's do", () => {
    const output = part("a", "1\n2").replaceAll("\n", "\r\n");
    expect(readParts(output, "m").get("a")).toEqual([
      { status: 0, text: "1\n2" },
    ]);
  });

  test("a file that holds another run's marker doesn't end there", () => {
    const text = "/etc/f\n@@old end netplan 0\n@@old begin ufw";
    const parts = readParts(part("netplan", text), "m");
    expect(filesOf(parts, "netplan")).toEqual([
      { path: "/etc/f", text: "@@old end netplan 0\n@@old begin ufw" },
    ]);
    expect(parts.has("ufw")).toBe(false);
  });

  test("cut off: what is whole counts, the last part has no status", () => {
    const output = part("a", "1") + part("b", "2").split("@@m end")[0];
    const parts = readParts(output, "m");
    expect(parts.get("a")?.[0]?.status).toBe(0);
    expect(parts.get("b")?.[0]?.status).toBeUndefined();
  });

  test("the end of another part doesn't end it well", () => {
    const output = "@@m begin a\n1\n@@m end b 0\n";
    expect(readParts(output, "m").get("a")).toEqual([
      { status: undefined, text: "1" },
    ]);
  });

  test("a file that can't be read has no text", () => {
    const parts = readParts(part("ufw", "/etc/ufw/ufw.conf", "1"), "m");
    expect(filesOf(parts, "ufw")).toEqual([
      { path: "/etc/ufw/ufw.conf", text: undefined },
    ]);
  });
});

describe("a probe that ends early", () => {
  const whole = recording("trixie-busy");
  const cutBefore = (name: string): string =>
    whole.slice(0, whole.indexOf(`@@${MARKER} begin ${name}`));

  test("behind the addresses and routes: the rest is missing, and said", async () => {
    const facts = await readFacts(cutBefore("engine"), MARKER, "gw");
    const { answers, warnings } = inferAnswers(facts);
    expect(answers.map(({ key }) => key)).toContain("prefix");
    expect(warnings.join()).toContain("Docker's networks are unknown");
    expect(warnings.join()).toContain("Docker did not answer in time");
  });

  test.each(["route6", "route4", "neighbour6"])(
    "before %s: nothing is answered",
    async (name) => {
      await expect(readFacts(cutBefore(name), MARKER, "gw")).rejects.toThrow(
        "The output of gw ends in the middle of its",
      );
    },
  );
});

describe("an ip that isn't what is needed", () => {
  const answered = (text: string, status: string): Promise<unknown> =>
    readFacts(part("address", text, status), "m", "gw");

  test("none", async () => {
    await expect(answered("sh: ip: not found", "127")).rejects.toThrow(
      "gw has no ip command",
    );
  });

  test.each([
    ["Option -j is unknown", "255"],
    ["1: lo: <LOOPBACK>", "0"],
    ['{"a": 1}', "0"],
    ["null", "0"],
  ])("no JSON list: %s", async (text, status) => {
    await expect(answered(text, status)).rejects.toThrow("does not print JSON");
  });
});

test("a kernel without IPv6 answers with errors, and still has a server", async () => {
  const output = [
    part("address", `[{"ifindex":2,"ifname":"ens3","addr_info":[]}]`),
    part("route6", "RTNETLINK answers: Address family not supported", "2"),
    part("route4", `[{"dst":"default","dev":"ens3"}]`),
    part("neighbour6", "", "2"),
    part("ipv6-off", "cat: /proc/sys/net/ipv6: No such file", "1"),
  ].join("");
  const { answers, warnings } = inferAnswers(
    await readFacts(output, "m", "gw"),
  );
  expect(answers).toMatchObject([
    { key: "interface", value: "ens3" },
    { key: "ipv4", value: "none" },
  ]);
  expect(warnings[0]).toContain("IPv6 is disabled");
});

describe("entries that aren't as ip prints them are left out", () => {
  const address = {
    family: "inet6",
    local: "2001:db8::2",
    prefixlen: 64,
    scope: "global",
  };
  const link = { ifindex: 2, ifname: "ens3", addr_info: [address] };

  test.each<[string, unknown]>([
    ["no list", {}],
    ["no object", [1, null, "x", []]],
    ["no name", [{ ...link, ifname: undefined }]],
    ["a name of 16", [{ ...link, ifname: "x".repeat(16) }]],
    ["a name with a line break", [{ ...link, ifname: "a\nb" }]],
    ["a number for a name", [{ ...link, ifname: 3 }]],
    ["no index", [{ ...link, ifindex: "2" }]],
    ["another family", [{ ...link, addr_info: [{ ...address, family: "x" }] }]],
    ["no address", [{ ...link, addr_info: [{ ...address, local: "x" }] }]],
    ["a zone", [{ ...link, addr_info: [{ ...address, local: "fe80::1%a" }] }]],
    ["too long", [{ ...link, addr_info: [{ ...address, prefixlen: 129 }] }]],
    ["half", [{ ...link, addr_info: [{ ...address, prefixlen: 6.4 }] }]],
    ["negative", [{ ...link, addr_info: [{ ...address, prefixlen: -1 }] }]],
  ])("address: %s", (_, json) => {
    expect(readAddresses([link]).addresses).toHaveLength(1);
    expect(readAddresses(json).addresses).toEqual([]);
  });

  const route = { dst: "default", gateway: "fe80::1", dev: "ens3" };

  test.each<[string, unknown]>([
    ["unreachable", { ...route, type: "unreachable" }],
    ["a type that is no text", { ...route, type: {} }],
    ["dead", { ...route, flags: ["dead"] }],
    ["no device", { ...route, dev: undefined }],
    ["no destination", { ...route, dst: "nowhere" }],
    ["bits behind the length", { ...route, dst: "2001:db8::1/64" }],
    ["another family's", { ...route, dst: "192.0.2.0/24" }],
  ])("route: %s", (_, entry) => {
    expect(readRoutes(6, [route])).toHaveLength(1);
    expect(readRoutes(6, [entry])).toEqual([]);
  });

  test("a route over several next hops is one for each", () => {
    const nexthops = [
      { dev: "a", gateway: "fe80::1", flags: [] },
      { dev: "b", gateway: "fe80::2", flags: ["dead"] },
      { dev: "c", gateway: "fe80::3", flags: [] },
    ];
    const routes = readRoutes(6, [{ dst: "default", metric: 5, nexthops }]);
    expect(routes.map(({ device, metric }) => [device, metric])).toEqual([
      ["a", 5],
      ["c", 5],
    ]);
  });
});
