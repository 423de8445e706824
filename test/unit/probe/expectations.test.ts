import { expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import {
  expectationsOf,
  type Expectation,
} from "../../../src/probe/expectations.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const ADMIN = [5432, 8000, 8001, 8002, 8005, 8006, 8007, 8443, 8444, 8445];

const ports = (
  all: readonly Expectation[],
  wanted: Expectation["expected"],
): Record<string, number[]> => {
  const found: Record<string, number[]> = {};
  for (const { address, port, expected } of all)
    if (expected === wanted) (found[address] ??= []).push(port);
  for (const list of Object.values(found)) list.sort((a, b) => a - b);
  return found;
};

test("Kong answers on its address and on IPv4, and nothing else does", () => {
  const all = expectationsOf(
    plan(answersFrom({ ipv4: "192.0.2.10", prefix: "2001:db8:1:2::/64" })),
  );
  expect(ports(all, "answers")).toEqual({
    "2001:db8:1:2:300::8100": [80, 443],
    "192.0.2.10": [80, 443],
  });
  expect(ports(all, "closed")).toEqual({
    "2001:db8:1:2:300::8100": ADMIN,
    "2001:db8:1:2::2": [80, 443, ...ADMIN],
    "192.0.2.10": ADMIN,
  });
});

test("IPv4 any: the address that was found, or else an address that can't be tested", () => {
  const any = plan(answersFrom({ ipv4: "any", prefix: "2001:db8:1:2::/64" }));
  expect(
    ports(expectationsOf(any, { ipv4: "192.0.2.7" }), "answers"),
  ).toHaveProperty(["192.0.2.7"]);
  expect(ports(expectationsOf(any), "answers")).toHaveProperty(["any"]);
});

test("IPv4 none: no IPv4 address is tested", () => {
  const all = expectationsOf(
    plan(answersFrom({ ipv4: "none", prefix: "2001:db8:1:2::/64" })),
    { ipv4: "192.0.2.7" },
  );
  expect(all.every(({ version }) => version === 6)).toBe(true);
});

test("a container of --expose answers on its ports, and nowhere else", () => {
  const all = expectationsOf(
    plan(answersFrom({ expose: ["dns:53/udp,53", "app:8000"] })),
  );
  const [dns, app] = ["2001:db8:1:2:300::8101", "2001:db8:1:2:300::8102"];
  expect(
    all
      .filter(
        ({ address, expected }) => address === dns && expected !== "closed",
      )
      .map(({ port, protocol, service }) => [service, port, protocol]),
  ).toEqual([
    ["dns", 53, "tcp"],
    ["dns", 53, "udp"],
  ]);
  expect(ports(all, "answers")).toHaveProperty([app], [8000]);
  expect(ports(all, "closed")).toMatchObject({
    [dns]: ADMIN,
    [app]: ADMIN.filter((port) => port !== 8000),
  });
});

test("a kept host: its address is tested if it is known", () => {
  const kept = plan(answersFrom({ host: "keep", prefix: "2001:db8:1:2::/64" }));
  const address = "2001:db8:5::9";
  expect(
    ports(expectationsOf(kept, { ipv6: address }), "closed")[address],
  ).toEqual([80, 443, ...ADMIN]);
  expect(ports(expectationsOf(kept), "closed")).not.toHaveProperty([address]);
});

test("during an overlap, old addresses have the same expectations as new ones", () => {
  const during = overlapFrom(
    { expose: ["app:8000"] },
    { prefix: "2001:db8:9:9::/64" },
  );
  const all = expectationsOf(planOf(during));
  const under = (prefix: string) =>
    all
      .filter(({ address }) => address.startsWith(prefix))
      .map((one) => ({ ...one, address: one.address.slice(prefix.length) }));
  expect(under("2001:db8:1:2:")).toEqual(under("2001:db8:9:9:"));
  expect(ports(all, "answers")).toMatchObject({
    "2001:db8:1:2:300::8100": [80, 443],
    "2001:db8:1:2:300::8101": [8000],
  });
  expect(ports(all, "closed")["2001:db8:1:2::2"]).toEqual([80, 443, ...ADMIN]);
  const after = expectationsOf(plan(during.answers));
  expect(after.some(({ address }) => address.startsWith("2001:db8:1:2:"))).toBe(
    false,
  );
});
