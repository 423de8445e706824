import type { Answers } from "../answers/types.ts";
import { move } from "../answers/carry-over.ts";
import { plan, type Plan } from "../plan/plan.ts";
import { planRows, type PlanRow } from "../plan/summary.ts";
import { complete, survey, type Given } from "../answers/resolve.ts";

/**
 * The plan during the questions. Each call returns the rows that are decided by now (missing answers
 * count as their defaults), except rows already returned with the same value. Printed one below the
 * other they never need to be redrawn, and a screen reader reads them in order.
 * @param previous the previous answers: rows that do not change are not returned
 * @returns a function of the answers so far, and of the detected ones
 */
export function livePlan(
  previous?: Answers,
): (given: Given, seen?: Given) => PlanRow[] {
  const shown = new Map<string, string>();
  const unshown = (rows: readonly PlanRow[]): PlanRow[] => {
    const fresh = rows.filter(({ name, value }) => shown.get(name) !== value);
    for (const { name, value } of fresh) shown.set(name, value);
    return fresh;
  };
  if (previous) unshown(planRows(plan(previous)));
  return (given, seen = {}) => {
    const expected = planSoFar({ ...seen, ...given }, previous);
    if (expected === undefined) return [];
    return unshown(
      planRows(expected).filter(({ key }) => given[key] !== undefined),
    );
  };
}

/** undefined until there is a prefix and all answers fit each other. */
function planSoFar(given: Given, previous?: Answers): Plan | undefined {
  const known = survey(given, { defaults: previous === undefined });
  if (known.issues.length > 0) return undefined;
  return plan(
    previous ? move(previous, known.answers) : complete(known).answers,
  );
}
