import { assignmentsOf, settingOf, withValues } from "../base/dotenv.ts";
import type { Plan } from "../plan/plan.ts";
import { updateEnvFile } from "../renumber/env-file.ts";

export interface MergedEnv {
  /** The text for the server; undefined if there is none on either side. */
  readonly text: string | undefined;
  /** Variables whose values on the server are kept although this copy has others. */
  readonly kept: readonly string[];
}

/**
 * The .env for the server. It may have edits there, and secrets that no other copy has: per variable, a
 * value that only this copy changed since the last deploy is taken; otherwise the server's stays. Values
 * of earlier answers are updated.
 * @param here of this copy
 * @param there on the server
 * @param base what the last deploy wrote
 * @param previous earlier plans, newest first
 */
export function mergeEnv(
  here: string | undefined,
  there: string | undefined,
  base: string | undefined,
  present: Plan,
  previous: readonly Plan[],
): MergedEnv {
  if (there === undefined || here === undefined || here === there)
    return { text: there ?? here, kept: [] };
  const isOurs = (key: string): boolean =>
    base !== undefined && settingOf(there, key) === settingOf(base, key);
  const taken = withValues(there, ({ key, value }) => {
    const own = settingOf(here, key);
    return own !== undefined && own !== value && isOurs(key) ? own : undefined;
  });
  const missing = assignmentsOf(here).filter(
    ({ key }) => settingOf(there, key) === undefined && isOurs(key),
  );
  const added = missing.map(({ head, tail }) => `${head}${tail}\n`).join("");
  const ended = taken === "" || taken.endsWith("\n") ? taken : `${taken}\n`;
  const text = updateEnvFile(ended + added, present, previous);
  const keys = [...new Set(assignmentsOf(text).map(({ key }) => key))];
  const kept = keys.filter(
    (key) => settingOf(text, key) !== settingOf(here, key),
  );
  return { text, kept };
}
