import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { type AnswerKey, type Question } from "../../../src/answers/types.ts";
import { answersFrom } from "../../support/base.ts";
import { HOSTILE, refusalOf } from "../../support/refusal.ts";

const question = (key: AnswerKey): Question =>
  QUESTIONS.find((row) => row.key === key) as Question;
const read = (key: AnswerKey, text: string): string => question(key).read(text);
const refused = (key: AnswerKey, text: string): string =>
  refusalOf(() => read(key, text));

describe("the questions", () => {
  test("are the contract's, under its flags", () => {
    const flags = QUESTIONS.map(({ key, flag }) => [key, flag]);
    for (const [key, flag] of flags) {
      const words = key?.replace(
        /[A-Z]/g,
        (letter) => `-${letter.toLowerCase()}`,
      );
      expect(flag).toBe(`--${words?.replace("ipv4-", "ipv4-")}`);
    }
    expect(new Set(flags.map(([key]) => key)).size).toBe(19);
  });

  test("the first four come first", () => {
    const first = QUESTIONS.filter((row) => row.first).map(({ key }) => key);
    expect(first).toEqual(["prefix", "host", "exposed", "kong"]);
    expect(QUESTIONS.slice(0, 4).map(({ key }) => key)).toEqual(first);
  });

  test("defaults are the contract's", () => {
    expect(answersFrom()).toEqual({
      prefix: "2001:db8:1:2::/64",
      host: "2001:db8:1:2::2",
      exposed: "2001:db8:1:2:300::/80",
      kong: "2001:db8:1:2:300::8100",
      interface: "ens3",
      gateway: "fe80::1",
      delivery: "on-link",
      ndp: "ndppd",
      ipv4: "any",
      ipv4Gateway: "none",
      backendSubnet: expect.stringMatching(/^10\..*\/24$/),
      internalPrefix: "fd4c:8a1e:92b7::/64",
      network: "ipv6_exposed",
      domain: "none",
      kongImage: "kong:3.9.3",
      plugin: [],
      database: "postgres",
      firewall: "ufw",
      dataDir: "./data",
    });
    expect(answersFrom({ delivery: "routed" }).ndp).toBe("none");
  });

  test("no default is refused by its own question", () => {
    for (const row of QUESTIONS) {
      const fallback = row.fallback({
        answers: answersFrom(),
        randomUla: () => "fd4c:8a1e:92b7::/64",
      });
      for (const text of [fallback ?? []].flat())
        expect(row.read(text)).toBe(text);
    }
  });

  test("every one refuses what is hostile, an answer behind it too", () => {
    for (const row of QUESTIONS) {
      const good = [answersFrom()[row.key]].flat()[0] ?? "kong-oidc";
      for (const character of HOSTILE) {
        refusalOf(() => row.read(character));
        refusalOf(() => row.read(`${good}${character}${good}`));
      }
    }
  });

  test("a choice is one of its words, in lower case", () => {
    for (const row of QUESTIONS.filter(({ choices }) => choices)) {
      for (const choice of row.choices ?? []) {
        expect(row.read(choice)).toBe(choice);
        expect(refused(row.key, choice.toUpperCase())).toContain("Choose");
      }
      expect(refused(row.key, "")).toContain("not one of the choices");
    }
  });
});

describe("--exposed", () => {
  test.each(["/65", "/80", "/126"])("may be a %s", (length) => {
    const text = `2001:db8:1:2::${length}`;
    expect(read("exposed", text)).toBe(text);
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

  test("too short, it is told a /80 that would do", () => {
    const said = refused("exposed", "2001:db8:1:2::/64");
    const suggested = /2001:db8:1:2:\S*\/80/.exec(said)?.[0] ?? said;
    expect(read("exposed", suggested)).toBe(suggested);
    expect(answersFrom({ exposed: suggested }).exposed).toBe(suggested);
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
  ])("takes %s as %s", (text, normal) => {
    expect(read("gateway", text)).toBe(normal);
  });

  test.each([
    ["fe80::1%ens3", "zone"],
    ["fec0::1", "site-local"],
    ["fe7f:ffff::1", "outside global unicast"],
    ["fd00::1", "unique local"],
    ["ff02::2", "multicast"],
    ["::", "unspecified"],
    ["192.0.2.1", "not an IPv6 address"],
    ["none", "not an IPv6 address"],
  ])("refuses %s: %s", (text, words) => {
    expect(refused("gateway", text)).toContain(words);
  });
});

describe("--ipv4", () => {
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
    expect(read("ipv4", text)).toBe(text);
  });

  test("drops leading zeros of the length only", () => {
    expect(read("ipv4", "192.0.2.10/08")).toBe("192.0.2.10/8");
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
    ["ANY", "not an IPv4"],
    ["", "not an IPv4"],
    ["192.0.2", "not an IPv4"],
    ["192.000.002.010", "not an IPv4"],
  ])("refuses %s: %s", (text, words) => {
    expect(refused("ipv4", text)).toContain(words);
  });
});

test("--ipv4-gateway is an address alone, or none", () => {
  expect(read("ipv4Gateway", "none")).toBe("none");
  expect(read("ipv4Gateway", "192.0.2.1")).toBe("192.0.2.1");
  expect(refused("ipv4Gateway", "192.0.2.1/24")).toContain("prefix length");
  expect(refused("ipv4Gateway", "any")).toContain("not an IPv4");
  expect(refused("ipv4Gateway", "127.0.0.1")).toContain("loopback");
});
