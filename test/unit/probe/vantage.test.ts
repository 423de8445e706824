import { expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import { placeOf, sourcesTo } from "../../../src/probe/vantage.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const PLAN = plan(
  answersFrom({ prefix: "2001:db8:1:2::/64", ipv4: "192.0.2.10/24" }),
);
const OUTSIDE = "2001:db8:99::5";

test.each([
  ["outside", [OUTSIDE, "198.51.100.3"], [OUTSIDE]],
  ["none", ["198.51.100.3"], [undefined, undefined]],
  ["private", ["fd00::2"], ["fd00::2"]],
  ["link", ["2001:db8:1:2::99"], ["2001:db8:1:2::99"]],
  ["server", ["2001:db8:1:2::2"], ["2001:db8:1:2::2"]],
  // A container, or the server before it has its IPv6 address.
  ["server", ["2001:db8:1:2:300::5"], ["2001:db8:1:2:300::5"]],
  ["server", ["192.0.2.10"], [undefined]],
] as const)("IPv6 from %s: %j", (place, own, sources) => {
  expect(placeOf(6, PLAN, sources, own)).toBe(place);
});

test.each([
  ["server", "2001:db8:1:2::2", "outside"],
  ["server", "2001:db8:9:9::2", "server"],
  ["link", "2001:db8:1:2::99", "outside"],
  ["link", "2001:db8:9:9::99", "link"],
] as const)(
  "during an overlap from %s: %s; after it from %s",
  (place, own, after) => {
    const during = overlapFrom({}, { prefix: "2001:db8:9:9::/64" });
    expect(placeOf(6, planOf(during), [own], [own])).toBe(place);
    expect(placeOf(6, plan(during.answers), [own], [own])).toBe(after);
  },
);

test("IPv4: outside also from the server's IPv6 link", () => {
  const own = ["2001:db8:1:2::99", "198.51.100.3"];
  expect(placeOf(4, PLAN, ["198.51.100.3"], own)).toBe("outside");
});

test("the kernel names the source address, and no name is looked up", async () => {
  const sources = await sourcesTo([
    ["127.0.0.1", 4],
    ["any", 4],
  ]);
  expect([...sources]).toEqual([
    ["127.0.0.1", "127.0.0.1"],
    ["any", undefined],
  ]);
});
