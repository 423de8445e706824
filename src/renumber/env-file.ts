import { parseAddress, Refusal } from "../ip/address.ts";
import { rewriter } from "./rewrite.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";
import type { Plan } from "../plan/plan.ts";

// .env is in no git: a copy of it may be older than the rest of the repository.

/** The variables whose values the answers give. */
const GIVEN: readonly [key: string, of: (plan: Plan) => string][] = [
  ["KONG_BIND_IPV6", (plan) => plan.kong.address],
  ["KONG_BIND_IP", (plan) => plan.ipv4.bind],
  ["KONG_DATA_DIR", (plan) => plan.data.directory],
];

/**
 * A .env of previous answers as one of the present answers: a variable that has a value which previous
 * answers gave it gets the present one, and where that is Kong's address, all other addresses are
 * followed from those answers too. A value that was never generated is the owner's own and stays.
 * @param previous newest first
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
  for (const [key, of] of GIVEN) {
    const value = settingOf(result, key) ?? "";
    const now = of(present);
    const generated = previous.some((plan) => of(plan) === value);
    if (value === "" || value === now || now === "" || !generated) continue;
    result = result.replace(assignment(key), (line, start, quote, was, end) =>
      was === value ? [start, quote, now, quote, end].join("") : line,
    );
  }
  return result;
}

/** A plan with the data where .env says that they are: the scripts on the server go by it. */
export function withDataOf(plan: Plan, text: string | undefined): Plan {
  const directory = text && settingOf(text, "KONG_DATA_DIR");
  return directory ? { ...plan, data: { ...plan.data, directory } } : plan;
}

const namesIn = (text: string): Set<string> =>
  new Set([...findTokens(text)].map(nameOf));

/** A variable's value in a dotenv text: of several lines the last one counts, for compose and the scripts. */
export const settingOf = (text: string, key: string): string | undefined =>
  [...text.matchAll(assignment(key))].at(-1)?.[3];

/** What stands before the value, its quote, the value, what stands behind: as compose reads it. */
const assignment = (key: string): RegExp =>
  new RegExp(
    String.raw`^([ \t]*(?:export[ \t]+)?${key}[ \t]*[=:][ \t]*)(["']?)(.*?)\2((?:[ \t]+#.*|[ \t]*)\r?)$`,
    "gm",
  );

/** Whether a dotenv text gives Kong this address, in whatever spelling. */
export function hasAddress(text: string, address: string): boolean {
  try {
    const own = settingOf(text, "KONG_BIND_IPV6") ?? "";
    return parseAddress(6, own) === parseAddress(6, address);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
