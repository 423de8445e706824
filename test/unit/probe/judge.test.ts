import { expect, test } from "vitest";
import { counts, judge, type Tested } from "../../../src/probe/probe.ts";

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
