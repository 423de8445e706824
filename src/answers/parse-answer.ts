import { type Issue, Refusal } from "../base/errors.ts";
import { formatAnswer } from "./normal-form.ts";
import { KEEP, keyword } from "./parse-addresses.ts";
import type {
  AnswerKey,
  KnownAnswers,
  ParsedAnswers,
  Question,
} from "./types.ts";

interface ParsedAnswer {
  /** The answer. With issues: the obvious correction of a refused one, if there is any; of a list, also the usable values. */
  readonly value?: ParsedAnswers[AnswerKey];
  readonly issues: readonly Issue[];
  /** The value that a remedy names because it fits the other answers. */
  readonly suggested?: ParsedAnswers[AnswerKey] | undefined;
}

/**
 * Parses one answer, in the same way for prompts, flags and answers files.
 * @param given text; for a question with a list also an array of texts, or "none"
 * @param known the earlier answers: an error names a value that fits them instead of an example
 */
export function parseAnswer(
  question: Question,
  given: unknown,
  known: KnownAnswers = {},
): ParsedAnswer {
  const { list } = question;
  const texts: unknown[] = list && Array.isArray(given) ? given : [given];
  const values: unknown[] = [];
  const issues: Issue[] = [];
  let correction: unknown;
  let suggested: ParsedAnswers[AnswerKey] | undefined;
  const isEmpty = list && texts.every(isNone);
  for (const text of isEmpty ? [] : texts) {
    try {
      if (list && isNone(text)) throw NOT_ALONE;
      const value = parseText(question, text);
      if (!values.includes(value)) values.push(value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const refusal = checkedCorrection(question, error);
      suggested = fittingValue(question, refusal, known);
      if (refusal.corrected !== undefined) {
        correction = question.parse(refusal.corrected);
        values.push(correction);
      }
      issues.push({
        flag: question.flag,
        value: shownValue(text),
        reason: error.message,
        remedy: suggested ? tryText(question, suggested) : refusal.remedy,
      });
    }
  }
  const value = list ? values : values[0];
  if (list || issues.length === 0) return { value: value as never, issues };
  return correction === undefined
    ? { issues, suggested }
    : { value: correction as never, issues };
}

/** Whether a value of a list stands for the empty list, as in --help. */
const isNone = (value: unknown): boolean =>
  typeof value === "string" && keyword(value.trim(), "none") !== undefined;

const NOT_ALONE = new Refusal(
  "none means none at all and can't be combined with others",
  "Leave it out, or give none alone",
);

/** Any value as text, even one that JSON cannot represent. */
function shownValue(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "bigint" ? String(value) : typeof value;
  }
}

function parseText(question: Question, given: unknown): unknown {
  const isObject =
    typeof given === "object" && given !== null && !Array.isArray(given);
  const text = isObject && question.textOf ? question.textOf(given) : given;
  if (typeof text !== "string") throw wrongType(question, text);
  return question.parse(text.trim());
}

/** Only the first four depend on what is known; the remedies of the others are specific already. */
function fittingValue(
  { first, suggest, fallback }: Question,
  { isExample }: Refusal,
  known: KnownAnswers,
): ParsedAnswers[AnswerKey] | undefined {
  return first && isExample ? (suggest ?? fallback)(known) : undefined;
}

function tryText(
  question: Question,
  fitting: ParsedAnswers[AnswerKey],
): string {
  const keep = question.key === "host" && fitting !== "keep" ? `; ${KEEP}` : "";
  return `Try ${String(formatAnswer(question, fitting))}${keep}`;
}

/**
 * The refusal with the remedy to print: if the correction is not usable itself, it would be refused
 * next, so the remedy for the correction is printed.
 */
function checkedCorrection(question: Question, refusal: Refusal): Refusal {
  if (refusal.corrected === undefined) return refusal;
  try {
    question.parse(refusal.corrected);
    return refusal;
  } catch (error) {
    if (error instanceof Refusal) return checkedCorrection(question, error);
    throw error;
  }
}

/** For a value in an answers file that is not text: why, and the text to write instead. */
function wrongType(question: Question, value: unknown): Refusal {
  const { key, list, metavar } = question;
  const expected = list ? "text or a list of texts" : "text";
  if (value === null) {
    const remedy =
      key === "prefix"
        ? `Give one ${metavar}`
        : "Leave the key out for its default";
    return new Refusal(`it is null, not ${expected}`, remedy);
  }
  if (typeof value === "object") {
    const kind = Array.isArray(value) ? "a list" : "an object";
    return new Refusal(`it is ${kind}, not ${expected}`, `Give one ${metavar}`);
  }
  const reason = `it is a ${typeof value}, not ${expected}`;
  try {
    question.parse(String(value));
    return new Refusal(reason, `Put it in quotes: "${String(value)}"`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { remedy, isExample } = error;
    return new Refusal(reason, remedy, { isExample });
  }
}
