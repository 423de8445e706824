import { QUESTIONS } from "../answers/questions.ts";
import { type Answers } from "../answers/types.ts";
import { UnusableError } from "../base/errors.ts";
import { MOST_FORMER } from "./previous-answers.ts";
import { resolve, type Given } from "../answers/resolve.ts";
import { STATE_FILE } from "./state.ts";

// What a state's fields are read with: anybody may have written them.

export type Fields = Record<string, unknown>;

/** All of them, in normal form, usable together: else the state was edited or cut. */
export function readAnswers(value: unknown, where: string): Answers {
  const given = object(value, where);
  const known = new Set<string>(QUESTIONS.map(({ key }) => key));
  const unknown = Object.keys(given).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw broken(`${where} has ${JSON.stringify(unknown)}, which is no answer`);
  // Its default is another one each time.
  if (given["internalPrefix"] === undefined)
    throw broken(`${where} has no internalPrefix`);
  let answers: Answers;
  try {
    // An answer that came with a newer generator is missing: its default is taken.
    answers = resolve(given as Given).answers;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    throw broken(`${where}: ${error.message}`);
  }
  for (const [key, text] of Object.entries(given)) {
    if (
      JSON.stringify(answers[key as keyof Answers]) !== JSON.stringify(text)
    ) {
      throw broken(`${where}: ${key} is not in its normal form`);
    }
  }
  return answers;
}

/** The opposite of abridged() (former.ts), of a list that anybody may have written. */
export function readFormer(value: unknown, present: Answers): Answers[] {
  if (!Array.isArray(value)) throw broken("former is no list");
  if (value.length > MOST_FORMER)
    throw broken(
      `former has ${value.length} entries, no generator keeps more than ${MOST_FORMER}`,
    );
  const former: Answers[] = [];
  for (const [index, fields] of value.entries()) {
    const where = `former: ${index}`;
    const whole = { ...(former.at(-1) ?? present), ...object(fields, where) };
    former.push(readAnswers(whole, where));
  }
  return former;
}

export function object(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Fields;
  throw broken(`${where} is no object`);
}

export function broken(reason: string): UnusableError {
  return unusable(
    STATE_FILE,
    reason,
    "Take it from git again, or from a backup",
  );
}

export function unusable(
  value: string,
  reason: string,
  remedy: string,
): UnusableError {
  return new UnusableError([{ flag: "directory", value, reason, remedy }]);
}
