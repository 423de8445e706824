import { rewriter } from "./rewrite.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";
import { assignmentsOf, settingOf, withValues } from "../base/dotenv.ts";
import type { Plan } from "../plan/types.ts";
import { variablesOf } from "../render/env-variables.ts";

// git ignores .env: a copy of it may be older than the rest of the repository.

/**
 * Updates a .env that was generated from earlier answers. A variable with a generated value gets the
 * present one. If that is Kong's address, all other addresses are rewritten from the same answers. A
 * value that was never generated is the owner's own and stays.
 * @param previous earlier plans, newest first
 */
export function updateEnvFile(
  text: string,
  present: Plan,
  previous: readonly Plan[],
): string {
  const address = settingOf(text, "KONG_BIND_IPV6");
  const then =
    address === present.kong.address
      ? undefined
      : previous.find(({ kong }) => kong.address === address);
  let result = then ? rewriter(then, present, namesIn(text))(text) : text;
  for (const { key, of } of variablesOf(present)) {
    if (of === undefined) continue;
    const value = settingOf(result, key) ?? "";
    const now = of(present);
    const generated = previous.some((plan) => of(plan) === value);
    if (value === "" || value === now || now === "" || !generated) continue;
    result = withValues(result, (assignment) =>
      assignment.key === key && assignment.value === value ? now : undefined,
    );
  }
  return result;
}

/** A plan with the data directory of .env, which is the one that the scripts on the server use. */
export function withDataOf(plan: Plan, text: string | undefined): Plan {
  const directory = text && settingOf(text, "KONG_DATA_DIR");
  return directory ? { ...plan, data: { ...plan.data, directory } } : plan;
}

const namesIn = (text: string): Set<string> =>
  new Set(findTokens(text).map(nameOf));

/** The variables with other values, and whether comments differ: `KONG_BIND_IP, comments`. */
export function differences(before: string, after: string): string {
  const variables = new Set(assignmentsOf(after).map(({ key }) => key));
  const commentsOf = (text: string): string =>
    (text.match(/^\s*#.*/gm) ?? []).join("\n");
  return [
    ...[...variables].filter(
      (key) => settingOf(after, key) !== settingOf(before, key),
    ),
    ...(commentsOf(before) === commentsOf(after) ? [] : ["comments"]),
  ].join(", ");
}
