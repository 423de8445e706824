import { QUESTIONS } from "./questions.ts";
import type {
  AnswerKey,
  Answers,
  KnownAnswers,
  ParsedAnswers,
  Question,
} from "./types.ts";

// Answers are text in normal form. What computes with them uses the parsed values, which are kept
// beside each set of answers, so that nothing is parsed twice.

const PARSED = new WeakMap<Partial<Answers>, KnownAnswers>();

/**
 * The parsed values of answers in normal form: kept ones if formatAnswers() made the answers.
 * @throws Refusal if one is not an answer
 */
export function parsedOf(answers: Answers): Readonly<ParsedAnswers>;
export function parsedOf(answers: Partial<Answers>): KnownAnswers;
export function parsedOf(answers: Partial<Answers>): KnownAnswers {
  const known = PARSED.get(answers);
  if (known) return known;
  const entries = QUESTIONS.flatMap((question): [AnswerKey, unknown][] => {
    const text = answers[question.key];
    if (text === undefined) return [];
    const parse = (one: string): unknown => question.parse(one);
    const value = typeof text === "string" ? parse(text) : text.map(parse);
    return [[question.key, value]];
  });
  return Object.fromEntries(entries) as KnownAnswers;
}

/**
 * The opposite: parsed values as text in normal form, in the order of the questions. Neither may be
 * changed afterwards.
 */
export function formatAnswers(parsed: Readonly<ParsedAnswers>): Answers;
export function formatAnswers(parsed: KnownAnswers): Partial<Answers>;
export function formatAnswers(parsed: KnownAnswers): Partial<Answers> {
  const entries = QUESTIONS.flatMap((question) => {
    const value = parsed[question.key];
    return value === undefined
      ? []
      : [[question.key, formatAnswer(question, value)]];
  });
  const answers = Object.fromEntries(entries) as Partial<Answers>;
  PARSED.set(answers, parsed);
  return answers;
}

/** One answer as text; for a question with a list, each of its values. */
export function formatAnswer(
  question: Question,
  value: ParsedAnswers[AnswerKey],
): string | string[] {
  const text = (one: typeof value): string =>
    question.format ? question.format(one) : String(one);
  return Array.isArray(value) ? value.map(text) : text(value);
}

/** What a prompt offers: a value that fits the other answers, or the default. */
export function suggestedAnswer(
  question: Question,
  known: KnownAnswers,
): string | string[] | undefined {
  const value = question.suggest?.(known);
  return value === undefined
    ? defaultAnswer(question, known)
    : formatAnswer(question, value);
}

/** The default as text; undefined if there is none, or none before other answers are known. */
export function defaultAnswer(
  question: Question,
  known: KnownAnswers,
): string | string[] | undefined {
  const value = question.fallback(known);
  return value === undefined ? undefined : formatAnswer(question, value);
}
