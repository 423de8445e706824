import { overlapIssues } from "../answers/overlap-issues.ts";
import { QUESTIONS } from "../answers/questions.ts";
import { type Answers } from "../answers/types.ts";
import { formatAddress, parseAddress } from "../ip/address.ts";
import type { FleetRole } from "../plan/types.ts";
import { attempt, issueText, Refusal, UnusableError } from "../base/errors.ts";
import { MAX_PREVIOUS_ANSWERS } from "./previous-answers.ts";
import { resolve, type Given } from "../answers/resolve.ts";

// Reads the fields of a state. Anyone may have written them.

export type Fields = Record<string, unknown>;

/** Reads a set of answers: complete, in normal form and consistent. Otherwise someone edited or cut the state. */
export function readAnswers(value: unknown, where: string): Answers {
  const given = object(value, where);
  const known = new Set<string>(QUESTIONS.map(({ key }) => key));
  const unknown = Object.keys(given).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw broken(
      `${where} has ${JSON.stringify(unknown)}, which is not an answer`,
    );
  // Its default is random.
  if (given["internalPrefix"] === undefined)
    throw broken(`${where} has no internalPrefix`);
  let answers: Answers;
  try {
    // An older state lacks new answers: they get their defaults.
    answers = resolve(given as Given).answers;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    throw broken(`${where}: ${error.issues.map(issueText).join("; ")}`);
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

/** The reverse of abridged() (previous-answers.ts). */
export function readPreviousAnswers(
  value: unknown,
  current: Answers,
): Answers[] {
  if (!Array.isArray(value)) throw broken("previousAnswers is not a list");
  if (value.length > MAX_PREVIOUS_ANSWERS)
    throw broken(
      `previousAnswers has ${value.length} entries; the most is ${MAX_PREVIOUS_ANSWERS}`,
    );
  const previous: Answers[] = [];
  for (const [index, fields] of value.entries()) {
    const where = `previousAnswers: ${index}`;
    const whole = { ...(previous.at(-1) ?? current), ...object(fields, where) };
    previous.push(readAnswers(whole, where));
  }
  return previous;
}

/** The answers that the server has; undefined if they are the current ones. */
export const readDeployed = (
  value: unknown,
  current: Answers,
): Answers | undefined => readDifference(value, current, "deployed");

const readDifference = (
  value: unknown,
  current: Answers,
  where: string,
): Answers | undefined =>
  value === undefined
    ? undefined
    : readAnswers({ ...current, ...object(value, where) }, where);

/** The answers before the overlap, whose addresses stay; undefined if there is no overlap. */
export function readOverlap(
  value: unknown,
  current: Answers,
): Answers | undefined {
  const overlap = readDifference(value, current, "overlap");
  if (overlap === undefined) return undefined;
  const issues = overlapIssues(overlap, current, "end the overlap");
  if (issues.length > 0)
    throw broken(`overlap: ${issues.map(issueText).join("; ")}`);
  return overlap;
}

/** What a fleet adds to this server: addresses in normal form. */
export function readRole(value: unknown): FleetRole | undefined {
  if (value === undefined) return undefined;
  const { controlPlane, dataPlanes } = object(value, "fleet");
  if (
    !isAddress(controlPlane) ||
    !Array.isArray(dataPlanes) ||
    !dataPlanes.every(isAddress)
  )
    throw broken("fleet has no addresses");
  return { controlPlane, dataPlanes };
}

const isAddress = (value: unknown): value is string =>
  typeof value === "string" &&
  attempt(() => formatAddress(6, parseAddress(6, value))) === value;

export function object(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Fields;
  throw broken(`${where} is not an object`);
}

/** A state that someone edited or cut. Only readState() knows from where to take another one. */
export const broken = (reason: string): Refusal => new Refusal(reason, "");
