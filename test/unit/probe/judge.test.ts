import { describe, expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import {
  counts,
  judge,
  isOldDead,
  type Tested,
} from "../../../src/probe/probe.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const tested = (more: Partial<Tested>): Tested => ({
  address: "2001:db8::8101",
  version: 6,
  port: 514,
  protocol: "udp",
  expected: "answers",
  service: "log",
  source: "2001:db8:9::1",
  seen: "silent",
  ...more,
});

test("a silent UDP port is untested, and does not count", () => {
  const silent = judge(tested({}), "outside");
  expect(silent).toMatchObject({ seen: "untested", ok: null });
  expect(counts(silent)).toBe(false);
});

test("UDP that answers or is refused counts, as does all of TCP", () => {
  const answers = judge(tested({ seen: "answers" }), "outside");
  expect(answers.ok).toBe(true);
  const refused = judge(tested({ seen: "refused" }), "outside");
  expect(refused.ok).toBe(false);
  const tcp = judge(tested({ protocol: "tcp", seen: "untested" }), "none");
  expect(tcp.ok).toBeNull();
  expect([answers, refused, tcp].every(counts)).toBe(true);
});

describe("only old addresses don't answer", () => {
  const during = planOf(overlapFrom({}, { prefix: "2001:db8:9:9::/64" }));
  const [OLD, NEW] = ["2001:db8:1:2:300::8100", during.kong.address];
  const failed = (address: string, ok = false) => ({
    address,
    expected: "answers" as const,
    ok,
  });

  test("the old prefix is dead", () => {
    const results = [failed(OLD), failed(NEW, true)];
    expect(isOldDead(during, results)).toBe(true);
  });

  test.each([
    ["all answer", [failed(OLD, true), failed(NEW, true)]],
    ["the new one doesn't answer either", [failed(OLD), failed(NEW)]],
    ["a port is open", [{ ...failed(OLD), expected: "closed" as const }]],
  ])("not if %s", (_, results) => {
    expect(isOldDead(during, results)).toBe(false);
  });

  test("not without an overlap", () => {
    expect(isOldDead(plan(answersFrom({})), [failed(OLD)])).toBe(false);
  });
});
