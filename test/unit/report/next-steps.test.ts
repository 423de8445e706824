import { expect, test } from "vitest";
import { plan } from "../../../src/plan/plan.ts";
import type { Answers } from "../../../src/answers/types.ts";
import type { Outcome } from "../../../src/reconcile/request.ts";
import { firstSteps, updatedSteps } from "../../../src/report/next-steps.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { answersFrom } from "../../support/base.ts";

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
  data: [],
  stale: [],
  ...(previousAnswers && { previousAnswers, deployed: previousAnswers }),
});

/** The last word of the printed rsync command. */
function targetOf(steps: readonly string[]): string | undefined {
  return /(\S+):\/opt\/kong-ipv6\//.exec(steps.join("\n"))?.[1];
}

test("the copy goes to the ssh login, otherwise to root at the server's address", () => {
  for (const [answers, target] of [
    [{}, "'root@[2001:db8:1:2::2]"],
    [{ ipv4: "192.0.2.10/24" }, "root@192.0.2.10"],
    [{ ssh: "gw" }, "gw"],
    [{ ssh: "root@gw", ipv4: "192.0.2.10" }, "root@gw"],
    [{ ssh: "2001:db8:9::1" }, "'[2001:db8:9::1]"],
    [{ ssh: "root@[2001:db8:9::1]" }, "'root@[2001:db8:9::1]"],
  ] as const) {
    const steps = firstSteps(outcomeOf(answersFrom(answers)), "gw");
    expect(targetOf(steps)).toBe(target);
    expect(steps.join("\n")).not.toContain("sudo rsync");
  }
  const admin = firstSteps(outcomeOf(answersFrom({ ssh: "admin@gw" })), "gw");
  expect(targetOf(admin)).toBe("admin@gw");
  expect(admin.join("\n")).toContain("--rsync-path='sudo rsync'");
});

test("after a change of the prefix the copy goes to the address that the server still has", () => {
  const prefix = { prefix: "2001:db8:7::/64" };
  for (const [answers, target] of [
    [{}, "'root@[2001:db8:1:2::2]"],
    [{ ssh: "admin@2001:db8:1:2::2" }, "'admin@[2001:db8:1:2::2]"],
    [{ ssh: "root@[2001:db8:1:2:0::2]" }, "'root@[2001:db8:1:2::2]"],
    [{ ssh: "root@gw" }, "root@gw"],
  ] as const) {
    const before = answersFrom(answers);
    const outcome = outcomeOf(move(before, prefix), before);
    expect(targetOf(updatedSteps(outcome, "gw"))).toBe(target);
  }
  const before = answersFrom({ ipv4: "192.0.2.10" });
  const moved = outcomeOf(move(before, { ipv4: "192.0.2.77" }), before);
  expect(targetOf(updatedSteps(moved, "gw"))).toBe("root@192.0.2.10");
});

test("containers that are newly exposed are for the owner to add, before the copy", () => {
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
