import { expect, test } from "vitest";
import { styleFor } from "../../../src/base/colors.ts";
import type { Probe, Result } from "../../../src/probe/probe.ts";
import { probeText } from "../../../src/report/probe-text.ts";

const KONG = "2001:db8::8100";
const result = (more: Partial<Result>): Result => ({
  address: KONG,
  port: 80,
  protocol: "tcp",
  expected: "answers",
  service: "Kong",
  seen: "answers",
  ok: true,
  ...more,
});
const closed = (port: number, more: Partial<Result> = {}): Result =>
  result({ port, expected: "closed", seen: "silent", ...more });

const probe = (more: Partial<Probe>): Probe => ({
  ok: true,
  from: {
    addresses: ["2001:db8:9::1"],
    ipv6: "outside",
    ipv4: "outside",
    meaning: "IPv6 is tested as the world sees it.",
  },
  results: [result({ detail: "Kong 3.9.3, HTTP 404, 300 kB came through" })],
  dns: [],
  certificates: [],
  ...more,
});

const text = (more: Partial<Probe>, terminal = false): string =>
  probeText(probe(more), "gw", styleFor(terminal, false));

test("closed ports of an address share a line; an open one has its own", () => {
  const results = [
    closed(8001),
    closed(5432),
    closed(8000, { seen: "refused" }),
    closed(8444, { seen: "answers", ok: false, service: "admin API" }),
  ];
  const lines = text({ ok: false, results }).split("\n");
  expect(lines).toContain(
    "  ok        closed on 2001:db8::8100: 5432, 8001: silent",
  );
  expect(lines).toContain(
    "  ok        closed on 2001:db8::8100: 8000: refused",
  );
  expect(lines).toContain(
    "  fail      [2001:db8::8100]:8444 answers: the admin API must not be reachable",
  );
  expect(lines.at(-1)).toMatch(/^Not everything is as promised/);
});

test("text from the server can't control the terminal", () => {
  const certificate = {
    address: KONG,
    port: 443,
    issuer: "\u001b[2JEvil",
    names: ["a\u0007b"],
    daysLeft: -3,
    trusted: false,
    selfSignedByKong: false,
    ok: false,
  };
  const shown = text({ certificates: [certificate] });
  expect(shown).toContain(
    "for a\\u0007b, by \\u001b[2JEvil, expired 3 days ago, not trusted",
  );
});

test("Kong's own certificate is named as such", () => {
  const certificate = {
    address: KONG,
    port: 443,
    issuer: "Kong, localhost",
    names: ["localhost"],
    daysLeft: 7000,
    trusted: false,
    selfSignedByKong: true,
    ok: true,
  };
  expect(text({ certificates: [certificate] })).toContain(
    "Kong's own self-signed one",
  );
});

test("a record that differs: seen, the zone's own, and expected", () => {
  const record = {
    name: "gw.example.com",
    type: "AAAA" as const,
    expected: [KONG],
    seen: ["2001:db8::7"],
    zone: [],
    ok: false,
  };
  expect(text({ ok: false, dns: [record] })).toContain(
    "fail      AAAA gw.example.com: 2001:db8::7; at the zone's name servers: no record. Expected: 2001:db8::8100",
  );
});

test("an unknown IPv4 address: which flag names it", () => {
  const results = [result({ address: "any", seen: "untested", ok: null })];
  const shown = text({ ok: null, results });
  expect(shown).toContain("--ipv4 ADDRESS");
  expect(shown).toContain(
    "Kong on the server's IPv4 address, port 80: untested",
  );
});

test("without a large response it says that the path MTU is not tested", () => {
  const results = [result({ detail: "Kong 3.9.3, HTTP 404" })];
  expect(text({ results })).toContain("(path MTU) were not tested");
  expect(text({})).not.toContain("path MTU");
});

test("80 columns on a terminal", () => {
  const results = [80, 443, 5432, 8000, 8001, 8002, 8005, 8006, 8007, 8443].map(
    (port) => closed(port),
  );
  for (const line of text({ results }, true).split("\n"))
    expect(line.length).toBeLessThanOrEqual(80);
});

test("a certificate that is not ok fails; a line of its own", () => {
  const certificate = {
    address: KONG,
    port: 443,
    issuer: "A",
    names: ["gw.example.com"],
    daysLeft: -3,
    trusted: true,
    selfSignedByKong: false,
    ok: false,
  };
  expect(text({ certificates: [certificate] })).toContain(
    "fail      certificate on 2001:db8::8100: for gw.example.com, by A, expired 3 days ago",
  );
});

test("during an overlap: a record that is still the old one, and the next command", () => {
  const dns = [
    {
      name: "gw.example.com",
      type: "AAAA" as const,
      expected: [KONG],
      seen: ["2001:db8:7::7"],
      ok: true,
      stillOld: true as const,
    },
  ];
  expect(text({ dns })).toContain(
    `ok        AAAA gw.example.com: 2001:db8:7::7. Before you end the overlap, it should be ${KONG}`,
  );
  const lines = text({ ok: false, oldIsDead: true }).split("\n");
  expect(lines.slice(-5, -1)).toEqual([
    "",
    "If the old addresses no longer work, end the overlap, then deploy:",
    expect.stringMatching(/^ {2}\S.* regenerate \S+ --finish$/),
    "",
  ]);
});
