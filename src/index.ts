import type { AnswerKey, Answers } from "./answers/types.ts";
import { UnusableError } from "./base/errors.ts";
import { plan as planOf, type Plan } from "./plan/plan.ts";
import { survey, type Resolved } from "./answers/resolve.ts";
import { unknownAnswer } from "./answers/did-you-mean.ts";
import { render as rendered, type Tree } from "./render/render.ts";

// The exports of the package: pure functions that read, ask and write nothing.

export { KongIpv6Error, UnusableError, type Issue } from "./base/errors.ts";
export type { File, Tree } from "./render/render.ts";
export type { AnswerKey, Answers, Plan, Resolved };

/** Answers by key, as in an answers file. Missing ones get their defaults. */
export type Given = {
  readonly [Key in AnswerKey]?: Answers[Key] | undefined;
};

/**
 * Checks answers and returns all of them in normal form (RFC 5952), with warnings. The default of
 * internalPrefix is a random ULA: keep the answers to get the same one again.
 * @throws UnusableError whose issues name everything that is wrong
 */
export function resolve(given: Given): Resolved {
  refuseNoAnswers(given);
  const unknown = Object.keys(given).flatMap((key) => {
    const issue = unknownAnswer(key);
    return issue ? [{ flag: key, ...issue }] : [];
  });
  const { answers, issues, warnings } = survey(given);
  const all = [...unknown, ...issues];
  if (all.length > 0) throw new UnusableError(all);
  return { answers: answers as Answers, warnings };
}

/** A caller without types may pass anything. */
function refuseNoAnswers(given: unknown): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given))
    return;
  throw new UnusableError([
    {
      flag: "answers",
      reason: "it is not an object of answers",
      remedy: 'Pass one, like { prefix: "2a03:2222:3333:4444::/64" }',
    },
  ]);
}

/**
 * The address plan: every derived address, as plain data.
 * @throws UnusableError whose issues name everything that is wrong
 */
export function plan(given: Given): Plan {
  return planOf(resolve(given).answers);
}

/**
 * The files of a plan by path, each with text and mode. Secrets are the placeholder `<secret>`.
 * @throws UnusableError if the plan does not come from plan()
 */
export function render(of: Plan): Tree {
  if (typeof (of as Partial<Plan> | null)?.uplink?.name !== "string")
    throw new UnusableError([
      {
        flag: "plan",
        reason: "it is not an address plan",
        remedy: "Pass what plan() returns",
      },
    ]);
  return rendered(of);
}
