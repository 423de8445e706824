import { expect, test } from "vitest";
import { parseAddress } from "../../../src/ip/address.ts";
import { findTokens, nameOf } from "../../../src/ip/find-addresses.ts";

const P = "2a01:4f8:1:2";
const ZONE = "2.0.0.0.1.0.0.0.8.f.4.0.1.0.a.2.ip6.arpa";
const NAME = `5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.${ZONE}`;

const found = (text: string): string[] =>
  [...findTokens(text)].map((token) => text.slice(token.start, token.end));

const names = (text: string): string[] => [...findTokens(text)].map(nameOf);

// Each of these stayed old, and nobody said so.
test.each([
  [`"v=spf1 ip6:${P}:300::8100 -all"`, `${P}:300::8100`],
  [`ip6:${P}::/64`, `${P}::/64`],
  [`key:${P}::5`, `${P}::5`],
  [`{"key":${P}::5}`, `${P}::5`],
  [`user:${P}::5@`, `${P}::5`],
  [`_${P}::5_`, `${P}::5`],
  [`kong_${P}::5`, `${P}::5`],
  [String.raw`"a\n${P}::5"`, `${P}::5`],
  [`http://%5B${P}::5%5D/`, `${P}::5`],
  [`see ...${P}::5`, `${P}::5`],
  ["ip4:198.51.100.7", "198.51.100.7"],
  ["_198.51.100.7", "198.51.100.7"],
  ["8001:198.51.100.7:80", "198.51.100.7"],
])("a word before an address hid it: %s", (text, address) => {
  expect(found(text)).toEqual([address]);
});

test.each([
  [`${P}::5.443`, `${P}::5`],
  [`IP6 ${P}::5.443: Flags`, `${P}::5`],
  [`${P}::5.cafe.example`, `${P}::5`],
  [`${P}:0:0:0:5:443`, `${P}:0:0:0:5`],
  [`${P}::5:65535`, `${P}::5`],
  [`${P}::5/443`, `${P}::5`],
])("a port or a name behind an address hid it: %s", (text, address) => {
  expect(found(text)).toEqual([address]);
});

test("the first groups with their length hid the prefix", () => {
  expect(found(`${P}/64`)).toEqual([`${P}/64`]);
  expect(names(`${P}/64`)).toEqual([`${P}::/64`]);
});

test.each([
  [`*.${ZONE}`, ZONE],
  [`_acme.${NAME}`, NAME],
  [`x.${ZONE}.`, `${ZONE}.`],
  [`db.${ZONE}.zone`, ZONE],
  [`db_${ZONE}_old`, ZONE],
  ["mail.7.100.51.198.in-addr.arpa", "7.100.51.198.in-addr.arpa"],
])("a label before a reverse name hid it: %s", (text, name) => {
  expect(found(text)).toEqual([name]);
});

test.each([
  `${P}:0:0:0:5:443:1`,
  `1.${NAME}`,
  "1.7.100.51.198.in-addr.arpa",
  "10.83.81.1.2",
  "v10.83.81.1",
  "1.10.83.81.1",
])("nothing is found inside of something longer: %s", (text) => {
  expect(found(text)).toEqual([]);
});

test("a longer address or prefix is its own, not a shorter one", () => {
  expect(names(`feed:${P}::5`)).toEqual([`feed:${P}::5`]);
  expect(found(`feed:${P}:0:0:0:5`)).not.toContain(`${P}:0:0:0:5`);
  expect(names(`${P}0::5`)).toEqual([`${P}0::5`]);
  expect(names(`::ffff:198.51.100.7`)).toEqual(["::ffff:c633:6407"]);
  expect(found(`x${P}::5`)).not.toContain(`${P}::5`);
});

test.each([
  [
    "2a01-4f8-1-2-300--8100.sslip.io",
    "2a01-4f8-1-2-300--8100",
    `${P}:300::8100`,
  ],
  ["www.2A01-4F8-1-2--5.sslip.io", "2A01-4F8-1-2--5", `${P}::5`],
  ["app-2a01-4f8-1-2-0-0-0-5.sslip.io", "2a01-4f8-1-2-0-0-0-5", `${P}::5`],
  ["2a01-4f8-0-0--1.ipv6-literal.net", "2a01-4f8-0-0--1", "2a01:4f8::1"],
  ["kong-198-51-100-7.nip.io:443", "198-51-100-7", "198.51.100.7"],
  ["198.51.100.7.sslip.io", "198.51.100.7", "198.51.100.7"],
])("a DNS name that contains an address: %s", (text, spelled, name) => {
  expect(found(text)).toEqual([spelled]);
  expect(names(text)).toEqual([name]);
});

test("in a DNS name, a new address is spelled with dashes too", () => {
  const [token] = findTokens("2a01-4f8-1-2-300--8100.sslip.io");
  const value = parseAddress(6, "2001:db8::300:0:0:1");
  expect(token?.respell(value, undefined)).toBe("2001-db8--300-0-0-1");
  const [four] = findTokens("kong-198-51-100-7.nip.io");
  expect(four?.respell(0xc0000201n, undefined)).toBe("192-0-2-1");
});

test.each([
  "2026-11-28.log",
  "550e8400-e29b-41d4-a716-446655440000.example.com",
  "| --- | --- |",
  "198-51-100-7",
  "1-198-51-100-7-2.example.com",
])("dashes alone do not make an address: %s", (text) => {
  expect(found(text)).toEqual([]);
});
