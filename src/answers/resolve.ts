import { UnusableError, type Issue } from "../base/errors.ts";
import { move } from "./carry-over.ts";
import { withAddresses } from "./expose-addresses.ts";
import { located } from "./located.ts";
import { formatAnswers, parsedOf } from "./normal-form.ts";
import { missing } from "./missing.ts";
import { parseAnswer } from "./parse-answer.ts";
import { questionOf, QUESTIONS } from "./questions.ts";
import { check } from "./rules/check.ts";
import type { Finding } from "./rules/finding.ts";
import type {
  AnswerKey,
  Answers,
  KnownAnswers,
  ParsedAnswers,
} from "./types.ts";

/** The owner's answers by key, not parsed yet: text, for a list also an array of texts. */
export type Given = Partial<Record<AnswerKey, unknown>>;

export interface Resolved {
  /** All of them, in normal form. */
  readonly answers: Answers;
  readonly warnings: readonly Issue[];
}

/**
 * All answers: the given ones, and defaults for the rest.
 * @throws UnusableError with every issue
 */
export function resolve(given: Given): Resolved {
  return complete(survey(given));
}

export interface Survey {
  /** The usable answers and defaults, in normal form. Parsed values: parsedOf(). */
  readonly answers: Partial<Answers>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * A survey of all answers as the final answers. Random defaults are drawn here: they can't conflict
 * with other answers, so a survey does without them.
 * @throws UnusableError with every issue
 */
export function complete({ answers, issues, warnings }: Survey): Resolved {
  if (issues.length > 0) throw new UnusableError(issues);
  const known = parsedOf(answers);
  const drawn = QUESTIONS.filter(
    ({ key, random }) => random && known[key] === undefined,
  ).map(({ key, fallback }) => [key, fallback(known)]);
  const all = { ...known, ...Object.fromEntries(drawn) } as ParsedAnswers;
  return { answers: formatAnswers(all), warnings };
}

/**
 * Checks the answers of a regenerate against each other.
 * @param given those of this run, in normal form
 * @param earlier those before it
 */
export const recheck = (
  answers: Answers,
  given: Partial<Answers>,
  earlier: Answers,
): Pick<Survey, "issues" | "warnings"> =>
  located(check(parsedOf(answers), given, earlier), given, answers, earlier);

interface SurveyOptions {
  /** False: no defaults, and a missing prefix is not an issue (for a conversation). */
  readonly defaults?: boolean;
  /** Answers that may have been given in an unreadable way: no default, and never missing. */
  readonly unread?: ReadonlySet<AnswerKey>;
  /** The answers before a regenerate: what an error suggests fits them. */
  readonly earlier?: Answers | undefined;
}

/** As resolve(), but returns the issues, and leaves random defaults out. */
export function survey(given: Given, options: SurveyOptions = {}): Survey {
  const { known, issues, refused, suggested } = parseGiven(given, options);
  const findings = check(known, given, {}, suggested);
  const isOfCorrected = (finding: Finding): boolean =>
    finding.kind === "refusal" &&
    refused.has(finding.key) &&
    issues.some((issue) => isAbout(finding, issue));
  const found = located(
    findings.filter((finding) => !isOfCorrected(finding)),
    given,
    formatAnswers(known),
  );
  const usable = Object.entries(known).filter(
    ([key]) => !refused.has(key as AnswerKey),
  );
  return {
    answers: formatAnswers(Object.fromEntries(usable)),
    issues: [
      ...withBetterRemedies(issues, findings.filter(isOfCorrected)),
      ...found.issues,
    ],
    warnings: found.warnings,
  };
}

interface ParsedGiven {
  readonly known: KnownAnswers;
  readonly issues: readonly Issue[];
  /** Answers that are refused, but whose correction is obvious, or that have usable values: these are in `known`. */
  readonly refused: ReadonlySet<AnswerKey>;
  /** What the issues suggest. */
  readonly suggested: KnownAnswers;
}

/**
 * Each answer by itself, then the defaults in the order of the questions: a default may depend on every
 * given answer and on earlier defaults.
 */
function parseGiven(
  given: Given,
  { defaults = true, unread = new Set(), earlier }: SurveyOptions,
): ParsedGiven {
  const known: Partial<ParsedAnswers> = usableOf(given);
  const others = earlier && parsedOf(move(earlier, formatAnswers(known)));
  const issues: Issue[] = [];
  const refused = new Set<AnswerKey>();
  const suggested: KnownAnswers = {};
  const suggest = (key: AnswerKey, value: unknown): void =>
    void (value !== undefined && Object.assign(suggested, { [key]: value }));
  for (const question of QUESTIONS) {
    const { key } = question;
    if (given[key] !== undefined) {
      const all = { ...others, ...known, ...suggested };
      const parsed = parseAnswer(question, given[key], all);
      suggest(key, parsed.suggested);
      if (parsed.value !== undefined)
        Object.assign(known, { [key]: parsed.value });
      if (parsed.value !== undefined && parsed.issues.length > 0)
        refused.add(key);
      issues.push(...parsed.issues);
    } else if (defaults && !unread.has(key) && !question.random) {
      const value = question.fallback(known);
      if (value !== undefined) Object.assign(known, { [key]: value });
      else {
        const absent = missing(question, known, given);
        if (absent) issues.push(absent.issue);
        suggest(key, absent?.suggested);
      }
    }
  }
  if (known.expose) known.expose = withAddresses(known);
  return { known, issues, refused, suggested };
}

/** The given answers that are usable or have an obvious correction. */
function usableOf(given: Given): Partial<ParsedAnswers> {
  const entries = QUESTIONS.flatMap((question) => {
    const { key } = question;
    if (given[key] === undefined) return [];
    const { value } = parseAnswer(question, given[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries) as Partial<ParsedAnswers>;
}

/** Whether a conflict is one of the correction that an issue names. A list has other values beside it. */
function isAbout({ key, value }: Finding, issue: Issue): boolean {
  const { flag, list } = questionOf(key);
  return flag === issue.flag && (!list || issue.remedy === `Try ${value}`);
}

/**
 * If a corrected value conflicts with the other answers, it would be refused next: the remedy of the
 * conflict replaces it.
 */
function withBetterRemedies(
  issues: readonly Issue[],
  findings: readonly Finding[],
): Issue[] {
  return issues.map((issue) => {
    const finding = findings.find((one) => isAbout(one, issue));
    return finding ? { ...issue, remedy: finding.remedy } : issue;
  });
}
