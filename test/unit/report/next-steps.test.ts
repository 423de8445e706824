import { expect, test } from "vitest";
import { plan } from "../../../src/plan/plan.ts";
import type { Answers } from "../../../src/answers/types.ts";
import type { Outcome } from "../../../src/reconcile/request.ts";
import { firstSteps, updatedSteps } from "../../../src/report/next-steps.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const outcomeOf = (answers: Answers, previousAnswers?: Answers): Outcome => ({
  exitCode: 0,
  directory: "/gw",
  answers,
  plan: plan(answers),
  warnings: [],
  changes: [],
  resolutions: [],
  written: true,
  notes: [],
  steps: [],
  stale: [],
  ...(previousAnswers && { previousAnswers, deployed: previousAnswers }),
});

/** What follows the directory in the printed deploy command. */
const loginIn = (steps: readonly string[]): string | undefined =>
  / deploy gw(.*)/.exec(steps.join("\n"))?.[1];

test("deploy gets --ssh only if no login is remembered", () => {
  for (const [answers, login] of [
    [{}, " --ssh root@2001:db8:1:2::2"],
    // Before the first deploy the server may not have its IPv6 address.
    [{ ipv4: "192.0.2.10/24" }, " --ssh root@192.0.2.10"],
    [{ host: "keep", ipv4: "any" }, " --ssh root@SERVER"],
    [{ ssh: "gw" }, ""],
    [{ ssh: "admin@[2001:db8:9::1]", ipv4: "192.0.2.10" }, ""],
  ] as const) {
    const steps = firstSteps(outcomeOf(answersFrom(answers)), "gw");
    expect(loginIn(steps)).toBe(login);
    expect(steps.join("\n").includes("(SERVER: the name or address")).toBe(
      login.includes("SERVER"),
    );
  }
});

test("the steps after create: deploy, DNS records, probe", () => {
  const [, , ...steps] = firstSteps(outcomeOf(answersFrom({})), "gw");
  expect(steps.map((step) => step.split("\n")[0])).toEqual([
    "  1. Read gw/README.md: address plan, DNS records, first hour.",
    "  2. Copy it to the server, apply it there, and confirm it:",
    "  3. Set the DNS records, as README.md shows.",
    "  4. Test it from a machine with IPv6 that is not the server:",
  ]);
  expect(steps.at(-1)).toMatch(/\n {7}\S.* probe gw$/);
});

test.each([
  ["## Address plan\n## DNS records\n## The first hour\n", "Read gw/README.md"],
  // Bug: one common heading was enough.
  ["# Mine\n## Deploy\n## DNS records\n", "it lacks these steps"],
  ["# Mine\n", "it lacks these steps"],
])("a README that was kept: %j", (text, says) => {
  const before = { text, mode: 0o644 };
  const after = { text: "## Deploy\n## DNS records\n", mode: 0o644 };
  const change = { path: "README.md", action: "keep", before, after } as const;
  const outcome = { ...outcomeOf(answersFrom({})), changes: [change] };
  expect(firstSteps(outcome, "gw")[2]).toContain(says);
});

test("a directory's name is one word, and no option", () => {
  const steps = firstSteps(outcomeOf(answersFrom({})), "-my gw").join("\n");
  expect(steps).toContain(" deploy './-my gw' --ssh ");
  expect(steps).toMatch(/ probe '\.\/-my gw'$/);
});

test("after a change of addresses deploy goes to the address that the server still has", () => {
  const prefix = { prefix: "2001:db8:7::/64" };
  const login = (before: Answers, given: Partial<Answers>): unknown =>
    loginIn(updatedSteps(outcomeOf(move(before, given), before), "gw"));
  expect(login(answersFrom({}), prefix)).toBe(" --ssh root@2001:db8:1:2::2");
  // deploy itself knows the earlier addresses.
  const remembered = answersFrom({ ssh: "root@2001:db8:1:2::2" });
  expect(login(remembered, prefix)).toBe("");
  const four = answersFrom({ ipv4: "192.0.2.10" });
  expect(login(four, { ipv4: "192.0.2.77" })).toBe(" --ssh root@192.0.2.10");
});

test("manual steps stand before and after deploy as they must, and probe is last", () => {
  const step = { what: "export", old: "a", new: "b", commands: ["true"] };
  const before = answersFrom({});
  const outcome: Outcome = {
    ...outcomeOf(before, before),
    steps: [
      { ...step, first: true },
      { ...step, what: "AAAA record" },
    ],
  };
  const steps = updatedSteps(outcome, "gw").join("\n");
  expect(steps).toMatch(
    /1\. export:[^]* 2\. Copy it[^]* deploy gw [^]* 3\. AAAA record:[^]* 4\. Test it[^]* probe gw$/,
  );
});

test("containers that are newly exposed are for the owner to add, before the deploy", () => {
  const before = answersFrom({ expose: ["mail:25"] });
  const first = firstSteps(outcomeOf(before), "gw").join("\n");
  expect(first).toMatch(
    /2\. Put mail into docker-compose.override.yml[^]*3\. Copy/,
  );
  const after = answersFrom({ expose: ["mail:25", "dns:53", "web:80"] });
  const steps = (now: Answers): string =>
    updatedSteps(outcomeOf(now, before), "gw").join("\n");
  expect(steps(after)).toMatch(
    /1\. Put dns, web into docker-compose.*\n.*2\. Copy/,
  );
  expect(steps(before)).not.toContain("override");
});

test("the last step of an overlap is the command that ends it, and when", () => {
  const { overlap, answers } = overlapFrom({}, { prefix: "2001:db8:9:9::/64" });
  const outcome = outcomeOf(answers, overlap);
  const last = updatedSteps({ ...outcome, overlap, phase: "overlap" }, "gw");
  expect(last.at(-1)).toMatch(
    /TTL of the old records has passed[^]* regenerate gw --finish$/,
  );
  const ended = updatedSteps({ ...outcome, phase: "finish" }, "gw");
  expect(ended.at(-1)).toContain("Remove the DNS records of the old addresses");
  expect(updatedSteps(outcome, "gw").join("\n")).not.toContain("--finish");
});
