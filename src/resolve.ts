import { crypto } from "./builtin.ts";
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
    const usual = question.first && question.fallback({ answers, randomUla });
    const read = readAnswer(question, value, usual);
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

/**
 * Reads one answer from wherever it came.
 * @param usual what the other answers suggest; named instead of a mere sample
 */
export function readAnswer(
  question: Question,
  value: unknown,
  usual?: string | string[],
): { answer: string | string[] } | { issues: Issue[] } {
  const given: unknown[] =
    question.list && Array.isArray(value) ? value : [value];
  // The word for an empty list, as help and README write it.
  const values = question.list && String(given) === "none" ? [] : given;
  const issues: Issue[] = [];
  const answer: string[] = [];
  for (const text of values) {
    const issue = {
      flag: question.flag,
      value: typeof text === "string" ? text : JSON.stringify(text),
    };
    try {
      if (typeof text !== "string") throw noText(question, text);
      const read = question.read(text.trim());
      if (!answer.includes(read)) answer.push(read);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { sample, remedy } = followed(question, error);
      issues.push({
        ...issue,
        reason: error.message,
        remedy: sample && usual !== undefined ? `Try ${usual}` : remedy,
      });
    }
  }
  if (issues.length > 0) return { issues };
  return { answer: question.list ? answer : (answer[0] as string) };
}

/** A remedy that names a value which would be refused too gives way to what is said of that one. */
function followed({ read }: Question, refusal: Refusal): Refusal {
  if (refusal.meant === undefined) return refusal;
  try {
    read(refusal.meant);
    return refusal;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Why a value of another type from an answers file isn't taken. */
function noText({ list, metavar }: Question, value: unknown): Refusal {
  const wanted = list ? "text or a list of texts" : "text";
  if (value === null) {
    const remedy = "Leave the key out for its default";
    return new Refusal(`it is null, not ${wanted}`, remedy);
  }
  if (typeof value === "object") {
    const kind = Array.isArray(value) ? "a list" : "an object";
    return new Refusal(`it is ${kind}, not ${wanted}`, `Give one ${metavar}`);
  }
  const remedy = `Put it in quotes: "${String(value)}"`;
  return new Refusal(`it is a ${typeof value}, not ${wanted}`, remedy);
}

/** A /64 of a new RFC 4193 3.2 prefix: fd, 40 random bits, subnet 0. */
export function newUla(): string {
  const globalId = BigInt(`0x${crypto().randomBytes(5).toString("hex")}`);
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
