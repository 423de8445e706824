import { parseSubnet, Refusal } from "../ip/address.ts";
import type { Answers } from "../answers/types.ts";
import { UnusableError } from "../base/errors.ts";
import { abridged } from "./previous-answers.ts";
import { move } from "../answers/carry-over.ts";
import { resolve } from "../answers/resolve.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import {
  broken,
  object,
  readAnswers,
  unusable,
  type Fields,
} from "./stored-answers.ts";
import { EDITED, SCHEMA_VERSION, STATE_FILE } from "./state.ts";

/** One step for each schema version: what it was → what the next one is. */
const MIGRATIONS: Readonly<Record<number, (state: Fields) => Fields>> = {
  1: (state) => ({ ...state, formerPrefixes: [] }),
  2: answersOfThePast,
};

/**
 * A state of any schema as one of the present schema; its fields are not looked at yet.
 * @throws UnusableError on a newer one, or none
 */
export function migrate(state: Fields): Fields {
  const version = state["schemaVersion"];
  if (
    typeof version !== "number" ||
    !Number.isInteger(version) ||
    version < 1
  ) {
    throw broken("schemaVersion is no version");
  }
  if (version > SCHEMA_VERSION) {
    throw unusable(
      STATE_FILE,
      `it was written by a newer generator (schema ${version}, known is ${SCHEMA_VERSION})`,
      "Run npx create-kong-ipv6@latest",
    );
  }
  let migrated = state;
  for (let step = version; step < SCHEMA_VERSION; step += 1) {
    migrated = MIGRATIONS[step]?.(migrated) ?? migrated;
  }
  return migrated;
}

/**
 * Schema 2 knew former prefixes only, had a sum of the owner's .env, and not whether regenerate had
 * ever run.
 */
function answersOfThePast({ formerPrefixes, ...state }: Fields): Fields {
  const answers = readAnswers(state["answers"], "answers");
  if (!Array.isArray(formerPrefixes) || !formerPrefixes.every(isPrefix))
    throw broken("formerPrefixes is no list of prefixes");
  const former = formerPrefixes.map((prefix) => answersIn(prefix, answers));
  const files = { ...object(state["files"], "files") };
  const env = files[SECRET_FILE];
  if (env !== undefined) {
    const record = object(env, SECRET_FILE);
    const summed = ![undefined, "absent"].includes(record["owner"] as string);
    files[SECRET_FILE] = summed ? { ...record, owner: EDITED } : record;
  }
  return {
    ...state,
    former: abridged(former, answers),
    regenerated: true,
    files,
  };
}

/** The answers as they were in a former prefix, or, where they don't fit in there, its defaults. */
function answersIn(prefix: string, answers: Answers): Answers {
  const moved = move(answers, { prefix });
  try {
    return resolve(moved).answers;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    const { internalPrefix } = answers;
    return resolve({ prefix, internalPrefix: internalPrefix }).answers;
  }
}

function isPrefix(value: unknown): value is string {
  try {
    return typeof value === "string" && parseSubnet(6, value).length <= 64;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
