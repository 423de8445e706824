import type { AnswerKey, Answers } from "./answers/types.ts";
import { UnusableError } from "./base/errors.ts";
import { plan as planOf, type Plan } from "./plan/plan.ts";
import { survey, type Resolved } from "./answers/resolve.ts";
import { unknownAnswer } from "./answers/did-you-mean.ts";
import { render as rendered, type Tree } from "./render/render.ts";

// What `import … from "create-kong-ipv6"` gives: pure functions; nothing is read, asked or written.

export { KongIpv6Error, UnusableError, type Issue } from "./base/errors.ts";
export type { File, Tree } from "./render/render.ts";
export type { AnswerKey, Answers, Plan, Resolved };

/** Answers by key, as an answers file has them; what is left out has its default. */
export type Given = {
  readonly [Key in AnswerKey]?: Answers[Key] | undefined;
};

/**
 * All answers, checked and in normal form (RFC 5952), with what is odd about them. The default of
 * internalPrefix is a random ULA: keep the answers to get the same again.
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

/** A caller without types may hand in anything. */
function refuseNoAnswers(given: unknown): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given))
    return;
  throw new UnusableError([
    {
      flag: "answers",
      reason: "it is not an object of answers",
      remedy: 'Give one, like { prefix: "2a03:2222:3333:4444::/64" }',
    },
  ]);
}

/**
 * The address plan that answers come to: every derived address, plain data.
 * @throws UnusableError whose issues name everything that is wrong
 */
export function plan(given: Given): Plan {
  return planOf(resolve(given).answers);
}

/**
 * The files that a plan comes to, by path: text and mode, the secrets as `<secret>`.
 * @throws UnusableError for what plan() didn't give
 */
export function render(of: Plan): Tree {
  if (typeof (of as Partial<Plan> | null)?.uplink?.name !== "string")
    throw new UnusableError([
      {
        flag: "plan",
        reason: "it is no address plan",
        remedy: "Give what plan() returns",
      },
    ]);
  return rendered(of);
}
