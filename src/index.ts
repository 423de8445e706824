import type { AnswerKey, Answers } from "./answers/types.ts";
import { unknownAnswer } from "./answers/did-you-mean.ts";
import { complete, survey, type Resolved } from "./answers/resolve.ts";
import { UnusableError } from "./base/errors.ts";
import { plan as planOf, type PlanTexts as Plan } from "./plan/plan.ts";
import { render as renderPlan, type Tree } from "./render/render.ts";

// The package's programmatic interface: pure functions that read, ask and write nothing.

export { KongIpv6Error, UnusableError, type Issue } from "./base/errors.ts";
export type { File, Tree } from "./render/render.ts";
export type { AnswerKey, Answers, Plan, Resolved };

/** Answers by key, as in an answers file; answers that are left out have their default. */
export type Given = {
  readonly [Key in AnswerKey]?: Answers[Key] | undefined;
};

/**
 * Checks answers and adds the defaults.
 * @returns `answers`: all answers as text in normal form (RFC 5952); `warnings`: what is unusual
 *   about them. The default of internalPrefix is a random ULA: keep the answers to get the same again
 * @throws UnusableError: `issues` has flag, value, reason and remedy of everything that is wrong
 */
export function resolve(given: Given): Resolved {
  refuseOtherTypes(given);
  const unknown = Object.keys(given).flatMap((key) => {
    const issue = unknownAnswer(key);
    return issue ? [{ flag: key, ...issue }] : [];
  });
  const found = survey(given);
  return complete({ ...found, issues: [...unknown, ...found.issues] });
}

/** A caller without types may pass anything. */
function refuseOtherTypes(given: unknown): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given))
    return;
  throw new UnusableError([
    {
      flag: "answers",
      reason: "it is not an object of answers",
      remedy: 'Give one, like { prefix: "2001:db8:1:2::/64" }',
    },
  ]);
}

/**
 * Derives the address plan from answers.
 * @returns plain data that JSON can hold: every address and subnet as text (RFC 5952)
 * @throws UnusableError: `issues` has flag, value, reason and remedy of everything that is wrong
 */
export function plan(given: Given): Plan {
  const { numbers: _, ...texts } = planOf(resolve(given).answers);
  return texts;
}

/**
 * Renders all files of the repository.
 * @returns path to `text` and `mode` (permission bits); secrets are the text `<secret>`
 * @throws UnusableError if the argument is not what plan() returns
 */
export function render(of: Plan): Tree {
  const refuse = (cause?: unknown): UnusableError =>
    Object.assign(
      new UnusableError([
        {
          flag: "plan",
          reason: "it is not an address plan",
          remedy: "Pass what plan() returns",
        },
      ]),
      { cause },
    );
  if (typeof (of as Partial<Plan> | null)?.uplink?.name !== "string")
    throw refuse();
  try {
    return renderPlan(of);
  } catch (error) {
    // Something that the templates need is missing.
    throw refuse(error);
  }
}
