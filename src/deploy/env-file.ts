import { assignmentsOf, settingOf, withValues } from "../base/dotenv.ts";
import { FailedError } from "../base/errors.ts";
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
 * of earlier answers are updated, and the variables of new containers are added.
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
  if (there === undefined) return { text: here, kept: [] };
  const isOurs = (key: string): boolean =>
    base !== undefined && settingOf(there, key) === settingOf(base, key);
  const taken = withValues(there, ({ key, value }) => {
    const own = settingOf(here ?? "", key);
    return own !== undefined && own !== value && isOurs(key) ? own : undefined;
  });
  const isNew = (key: string): boolean =>
    settingOf(base ?? "", key) === undefined &&
    present.others.some(({ variable }) => variable === key);
  const exposed = present.others
    .filter(({ variable }) => settingOf(here ?? "", variable) === undefined)
    .map(({ variable, address }) => `${variable}=${address}\n`);
  const missing = assignmentsOf(`${ended(here ?? "")}${exposed.join("")}`)
    .filter(({ key }) => settingOf(there, key) === undefined)
    .filter(({ key }) => isOurs(key) || isNew(key));
  const added = missing.map(({ head, tail }) => `${head}${tail}\n`).join("");
  const whole = added === "" ? taken : ended(taken) + added;
  const text = updateEnvFile(whole, present, previous);
  if (here === undefined || here === there) return { text, kept: [] };
  const keys = [...new Set(assignmentsOf(text).map(({ key }) => key))];
  const kept = keys.filter(
    (key) => settingOf(text, key) !== settingOf(here, key),
  );
  return { text, kept };
}

const ended = (text: string): string =>
  text === "" || text.endsWith("\n") ? text : `${text}\n`;

/** The text of a .env. @throws FailedError */
export function decoded(bytes: Buffer, name: string): string {
  const text = bytes.toString("utf8");
  if (!bytes.equals(Buffer.from(text))) throw otherEncoding(name);
  return text;
}

/** @param text in which Python has put a lone surrogate for each byte that is not UTF-8. @throws FailedError */
export function refuseOtherEncoding(text: string, name: string): void {
  if (/\p{Surrogate}/u.test(text)) throw otherEncoding(name);
}

const otherEncoding = (name: string): FailedError =>
  new FailedError(
    `${name} is not UTF-8: it would not arrive as it is`,
    "Convert it with iconv, for example: iconv -f latin1 -t utf8.",
  );
