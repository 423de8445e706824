import { expect, test } from "vitest";
import { styleFor } from "../../../src/base/colors.ts";
import {
  fleetProbeJson,
  fleetProbeText,
  probeHosts,
  verdict,
} from "../../../src/fleet/probe.ts";
import type { Probe, Result } from "../../../src/probe/probe.ts";

const STYLE = styleFor(false, false);

const answers = (address: string, ok: boolean | null): Result => ({
  address,
  port: 80,
  protocol: "tcp",
  service: "Kong",
  expected: "answers",
  seen: ok ? "answers" : ok === false ? "silent" : "untested",
  ok,
});

const closed = (ok: boolean): Result => ({
  address: "2001:db8::1",
  port: 8005,
  protocol: "tcp",
  service: "cluster port",
  expected: "closed",
  seen: ok ? "silent" : "answers",
  ok,
});

const probe = (ok: boolean | null, ...results: Result[]): Probe => ({
  ok,
  from: {
    addresses: [],
    ipv6: "outside",
    ipv4: "outside",
    meaning: "This machine is outside.",
  },
  results,
  dns: [],
  certificates: [],
});

const GOOD = probe(true, answers("2001:db8::1", true), closed(true));
const BAD = probe(
  false,
  answers("2001:db8::1", false),
  answers("192.0.2.1", true),
  closed(false),
);
const UNTESTED = probe(null, answers("2001:db8::1", null), closed(true));

test.each([
  [[GOOD, GOOD], true, 0],
  [[GOOD, UNTESTED], null, 1],
  [[UNTESTED, BAD], false, 4],
] as const)("the verdict on all hosts (%#)", (probes, ok, exitCode) => {
  const found = new Map(probes.map((one, index) => [String(index), one]));
  expect(verdict(found)).toEqual({ ok, exitCode });
  expect(JSON.parse(fleetProbeJson(found))).toMatchObject({
    ok,
    hosts: { 0: {}, 1: {} },
  });
});

test("one table: a line for each host, and what is wrong below it", () => {
  const found = new Map([
    ["web-1", GOOD],
    ["b", BAD],
    ["c", UNTESTED],
  ]);
  expect(fleetProbeText(found, STYLE)).toBe(`This machine is outside.

  host   Kong IPv6  Kong IPv4  closed     DNS      
  web-1  ok         -          ok         -        
  b      fail       ok         fail       -        
  fail      Kong on [2001:db8::1]:80: silent
  fail      [2001:db8::1]:8005 answers: the cluster port must not be reachable
  c      untested   -          ok         -        

Not everything is as promised: see the lines with fail.`);
});

test("all hosts are probed, some at a time, and printed in their order", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `h${index}`);
  let running = 0;
  let most = 0;
  const found = await probeHosts(names, async (name) => {
    most = Math.max(most, (running += 1));
    await new Promise((done) => setTimeout(done, name === "h0" ? 20 : 1));
    running -= 1;
    return GOOD;
  });
  expect([...found.keys()]).toEqual(names);
  expect(most).toBe(8);
});
