import type { Answers } from "../answers/types.ts";
import { move } from "../answers/carry-over.ts";
import { plan, type Plan } from "../plan/plan.ts";
import { planRows, type PlanRow } from "../plan/summary.ts";
import { complete, survey, type Given } from "../answers/resolve.ts";

/**
 * The plan while it is being asked for. Each call gives the rows that the answers so far have
 * settled (what is open counts as its default) and that no call before gave with that value: told
 * one below the other they never have to be redrawn, and a screen reader reads them in order.
 * @param former the answers of before: then rows that stay as they were aren't given
 * @returns given the answers so far, and what the server said of the others
 */
export function settling(
  former?: Answers,
): (given: Given, seen?: Given) => PlanRow[] {
  const told = new Map<string, string>();
  const untold = (rows: readonly PlanRow[]): PlanRow[] => {
    const fresh = rows.filter(({ name, value }) => told.get(name) !== value);
    for (const { name, value } of fresh) told.set(name, value);
    return fresh;
  };
  if (former) untold(planRows(plan(former)));
  return (given, seen = {}) => {
    const expected = planSoFar({ ...seen, ...given }, former);
    if (expected === undefined) return [];
    return untold(
      planRows(expected).filter(({ key }) => given[key] !== undefined),
    );
  };
}

/** undefined as long as there is no prefix, or something doesn't fit yet. */
function planSoFar(given: Given, former?: Answers): Plan | undefined {
  const known = survey(given, { defaults: former === undefined });
  if (known.issues.length > 0) return undefined;
  return plan(former ? move(former, known.answers) : complete(known).answers);
}
