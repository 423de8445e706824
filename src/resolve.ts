import { randomBytes } from "node:crypto";
import { formatSubnet, Refusal, subnetAt } from "./address.ts";
import {
  QUESTIONS,
  type AnswerKey,
  type Answers,
  type Question,
} from "./answers.ts";
import { UnusableError, type Issue } from "./errors.ts";
import { check, type Finding } from "./rules.ts";

/** What was given, by key, as text (or texts) not yet read. */
export type Given = Partial<Record<AnswerKey, unknown>>;

export interface Resolved {
  readonly answers: Answers;
  readonly warnings: readonly Issue[];
}

/**
 * Given values and defaults to a whole set of answers in normal form.
 * @throws UnusableError with every issue there is, not only the first.
 */
export function resolve(given: Given, randomUla = newUla): Resolved {
  const { answers, issues, warnings } = survey(given, randomUla);
  if (issues.length > 0) throw new UnusableError(issues);
  return { answers: answers as Answers, warnings };
}

export interface Survey {
  /** The answers that are usable so far, defaults among them. */
  readonly answers: Partial<Answers>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * As resolve, but says what it found instead of throwing. Without defaults, what isn't given is
 * neither filled in nor missed: what a conversation works on.
 */
export function survey(
  given: Given,
  randomUla = newUla,
  { defaults = true } = {},
): Survey {
  const answers: Record<string, string | string[]> = {};
  const issues: Issue[] = [];
  for (const question of QUESTIONS) {
    const value = given[question.key];
    if (value === undefined) {
      if (!defaults) continue;
      const fallback = question.fallback({ answers, randomUla });
      if (fallback !== undefined) answers[question.key] = fallback;
      else if (question.key === "prefix") issues.push(missing(question));
      continue;
    }
    const read = readAnswer(question, value);
    if ("issues" in read) issues.push(...read.issues);
    else answers[question.key] = read.answer;
  }
  const found = check(answers);
  const located = (finding: Finding): Issue => locate(finding, given, answers);
  return {
    answers,
    issues: [...issues, ...found.refusals.map(located)],
    warnings: found.warnings.map(located),
  };
}

/** Reads one answer from wherever it came. */
export function readAnswer(
  question: Question,
  value: unknown,
): { answer: string | string[] } | { issues: Issue[] } {
  const wanted = question.list ? "text or a list of texts" : "text";
  const values: unknown[] =
    question.list && Array.isArray(value) ? value : [value];
  const issues: Issue[] = [];
  const answer: string[] = [];
  for (const text of values) {
    const issue = {
      flag: question.flag,
      value: typeof text === "string" ? text : JSON.stringify(text),
    };
    try {
      if (typeof text !== "string") {
        const given =
          text === null
            ? "null"
            : Array.isArray(text)
              ? "a list"
              : `a ${typeof text}`;
        throw new Refusal(
          `it is ${given}, not ${wanted}`,
          `Give ${question.metavar} as text`,
        );
      }
      const read = question.read(text.trim());
      if (!answer.includes(read)) answer.push(read);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      issues.push({ ...issue, reason: error.message, remedy: error.remedy });
    }
  }
  if (issues.length > 0) return { issues };
  return { answer: question.list ? answer : (answer[0] as string) };
}

/** A /64 of a new RFC 4193 3.2 prefix: fd, 40 random bits, subnet 0. */
export function newUla(): string {
  const globalId = BigInt(`0x${randomBytes(5).toString("hex")}`);
  return formatSubnet(subnetAt(6, (0xfdn << 120n) | (globalId << 80n), 64));
}

function missing({ flag, metavar, meaning }: Question): Issue {
  return {
    flag,
    reason: `it is missing: ${meaning}`,
    remedy: `Give ${flag} ${metavar}`,
  };
}

function locate(
  { key, reason, remedy }: Finding,
  given: Given,
  answers: Partial<Answers>,
): Issue {
  const { flag } = QUESTIONS.find(
    (question) => question.key === key,
  ) as Question;
  const value = given[key] ?? answers[key];
  return { flag, value: String(value).trim(), reason, remedy };
}
