import { crypto } from "../base/builtin.ts";
import { formatSubnet, Refusal, subnetAt } from "../ip/address.ts";
import { QUESTIONS } from "./questions.ts";
import { type AnswerKey, type Answers, type Question } from "./types.ts";
import { UnusableError, type Issue } from "../base/errors.ts";
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

/** Which answers that aren't given are neither filled in nor missed: all of them, or some. */
export interface Leaving {
  /** False is what a conversation works on. */
  readonly defaults?: boolean;
  /** Those that were perhaps given in a way that can't be read. */
  readonly unread?: ReadonlySet<AnswerKey>;
}

/** As resolve, but says what it found instead of throwing. */
export function survey(
  given: Given,
  randomUla = newUla,
  { defaults = true, unread = new Set() }: Leaving = {},
): Survey {
  const answers: Record<string, string | string[]> = {};
  const issues: Issue[] = [];
  // What can't be taken as it is but says what is meant: the others are checked against that.
  const meant: Record<string, string> = {};
  for (const question of QUESTIONS) {
    const value = given[question.key];
    if (value === undefined) {
      if (!defaults || unread.has(question.key)) continue;
      const fallback = question.fallback({ answers, randomUla });
      if (fallback !== undefined) answers[question.key] = fallback;
      else if (question.key === "prefix") issues.push(missing(question));
      continue;
    }
    const usual = question.first && question.fallback({ answers, randomUla });
    const read = readAnswer(question, value, usual);
    if ("answer" in read) answers[question.key] = read.answer;
    else issues.push(...read.issues);
    if ("issues" in read && read.meant !== undefined)
      meant[question.key] = answers[question.key] = read.meant;
  }
  const found = check(answers, given);
  const located = (finding: Finding): Issue => locate(finding, given, answers);
  const misread = (key: AnswerKey): boolean => meant[key] !== undefined;
  const remedies = found.refusals.filter(({ key }) => misread(key));
  const usable = Object.entries(answers).filter(
    ([key]) => !misread(key as AnswerKey),
  );
  return {
    answers: Object.fromEntries(usable),
    issues: [
      ...issues.map((issue) => withRemedyOf(remedies, issue)),
      ...found.refusals.filter(({ key }) => !misread(key)).map(located),
    ],
    warnings: found.warnings.map(located),
  };
}

/** Where even what is meant doesn't fit, its remedy would be refused next: the rule's own stands. */
function withRemedyOf(findings: readonly Finding[], issue: Issue): Issue {
  const finding = findings.find(({ key }) => flagOf(key) === issue.flag);
  return finding ? { ...issue, remedy: finding.remedy } : issue;
}

/**
 * Reads one answer from wherever it came.
 * @param usual what the other answers suggest; named instead of a mere sample
 * @returns the answer, or what speaks against it, with the answer that is meant where it says so
 */
export function readAnswer(
  question: Question,
  value: unknown,
  usual?: string | string[],
): { answer: string | string[] } | { issues: Issue[]; meant?: string } {
  const given: unknown[] =
    question.list && Array.isArray(value) ? value : [value];
  // The word for an empty list, as help and README write it.
  const values = question.list && String(given) === "none" ? [] : given;
  const issues: Issue[] = [];
  const answer: string[] = [];
  let meant: string | undefined;
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
      const { sample, remedy, meant: other } = followed(question, error);
      if (other !== undefined) meant = question.read(other);
      issues.push({
        ...issue,
        reason: error.message,
        remedy: sample && usual !== undefined ? `Try ${usual}` : remedy,
      });
    }
  }
  if (issues.length > 0)
    return { issues, ...(meant !== undefined && !question.list && { meant }) };
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

/** Why a value of another type from an answers file isn't taken, and a text that would be. */
function noText(question: Question, value: unknown): Refusal {
  const { key, list, metavar } = question;
  const wanted = list ? "text or a list of texts" : "text";
  if (value === null) {
    const remedy =
      key === "prefix"
        ? `Give one ${metavar}`
        : "Leave the key out for its default";
    return new Refusal(`it is null, not ${wanted}`, remedy);
  }
  if (typeof value === "object") {
    const kind = Array.isArray(value) ? "a list" : "an object";
    return new Refusal(`it is ${kind}, not ${wanted}`, `Give one ${metavar}`);
  }
  const reason = `it is a ${typeof value}, not ${wanted}`;
  try {
    question.read(String(value));
    return new Refusal(reason, `Put it in quotes: "${String(value)}"`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { remedy, sample } = error;
    return new Refusal(reason, remedy, { sample });
  }
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
  const value = given[key] ?? answers[key];
  return { flag: flagOf(key), value: String(value).trim(), reason, remedy };
}

const flagOf = (key: AnswerKey): string =>
  (QUESTIONS.find((question) => question.key === key) as Question).flag;
