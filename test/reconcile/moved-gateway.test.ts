import { expect, test } from "vitest";
import { survey, type Given } from "../../src/answers/resolve.ts";
import { checkMove } from "../../src/answers/survey-moved.ts";
import { resolveAll } from "../../src/reconcile/prepare.ts";
import { move } from "../../src/answers/carry-over.ts";
import { answersFrom } from "../support/base.ts";
import { created, regenerated } from "./in-memory.ts";

// A global gateway belongs to the old link: regenerate used to keep it without a word.

const OCEAN = {
  prefix: "2604:a880:a:d0::1a2:b000/124",
  host: "2604:a880:a:d0::1a2:b001/64",
  gateway: "2604:a880:a:d0::1",
};
const NEXT = { prefix: "2604:a880:b:e0::7a2:c010/124" };

test("in a longer on-link prefix host and gateway have to be given", async () => {
  const world = created(OCEAN);
  const missing = (...flags: string[]) => ({
    issues: flags.map((flag) => ({
      flag,
      reason: expect.stringContaining("only the provider knows it in a /124"),
    })),
  });
  await expect(regenerated(world, NEXT)).rejects.toMatchObject(
    missing("--host", "--gateway"),
  );
  const host = "2604:a880:b:e0::7a2:c011";
  await expect(regenerated(world, { ...NEXT, host })).rejects.toMatchObject(
    missing("--gateway"),
  );
  const gateway = "2604:a880:b:e0::1";
  const { world: there } = await regenerated(world, { ...NEXT, host, gateway });
  expect(there.state.answers).toMatchObject({ host, gateway });
});

/** The warnings after a move, as flag, value and reason. */
function warned(before: Given, given: Given): string[] {
  const answers = answersFrom(before);
  const moved = move(answers, given as never);
  const { issues, warnings } = checkMove(answers, given as never, moved);
  expect(issues).toEqual([]);
  return warnings.map(({ value, reason }) => `${value}: ${reason}`);
}

test("elsewhere it is a warning", () => {
  const ovh = {
    prefix: "2001:41d0:700:1e00::/56",
    host: "2001:41d0:700:1e07::2",
    gateway: "2001:41d0:700:1eff:ff:ff:ff:ff",
  };
  const prefix = "2001:41d0:800:1e00::/56";
  expect(
    warned({ ...ovh, gateway: "2001:41d0:700:1fff::1" }, { prefix }),
  ).toEqual([
    "2001:41d0:700:1fff::1: it was the gateway of the old network, and stays",
  ]);
  expect(warned(ovh, { prefix })).toEqual([
    `2001:41d0:800:1eff:ff:ff:ff:ff: it was ${ovh.gateway}, and moved with the prefix`,
  ]);
  expect(warned(ovh, { prefix, gateway: "2001:41d0:800:1fff::1" })).toEqual([]);
});

test("on the same link, or link-local, it is still right", () => {
  const same = { prefix: "2604:a880:a:d0::1a2:c010/124" };
  expect(warned(OCEAN, same)).toEqual([]);
  expect(warned({ ...OCEAN, gateway: "fe80::1" }, NEXT)).toEqual([]);
  const routed = {
    prefix: "2a03:2222:3333:4444::/64",
    delivery: "routed",
    host: "2a03:9::7",
    gateway: "2a03:9::1",
  };
  expect(warned(routed, { prefix: "2a03:2222:3333:5555::/64" })).toEqual([]);
});

test("a regenerate prints the warning", () => {
  const { state } = created({
    prefix: "2a03:2222:3333:4444::/64",
    gateway: "2a03:2222:3333:4400::1",
  });
  const given = { prefix: "2a03:2222:3333:5555::/64" };
  const { warnings } = resolveAll(survey(given, { defaults: false }), state);
  expect(warnings).toMatchObject([
    { flag: "--gateway", remedy: expect.stringContaining("ip -6 route") },
  ]);
});
