import type { Issue } from "../base/errors.ts";
import { formatAnswer } from "./normal-form.ts";
import { questionOf } from "./questions.ts";
import type { Finding } from "./rules/finding.ts";
import type { AnswerKey, Answers } from "./types.ts";

/** Answers by key, as they were given. */
type Given = Partial<Record<AnswerKey, unknown>>;

/**
 * Findings as the owner reads them: each with the flag and the value that were given. If a default or
 * an earlier answer is refused, the error names the given answer that it conflicts with.
 * @param answers all of them
 * @param earlier the answers before this run
 */
export function located(
  findings: readonly Finding[],
  given: Given,
  answers: Partial<Answers>,
  earlier: Partial<Answers> = {},
): { issues: Issue[]; warnings: Issue[] } {
  const of = (kind: Finding["kind"]): Issue[] =>
    findings
      .filter((finding) => finding.kind === kind)
      .map((finding) => {
        const { key, others = [], value, reason, remedy } = finding;
        const issue = {
          flag: questionOf(key).flag,
          value: value ?? String(given[key] ?? answers[key]).trim(),
          reason,
          remedy,
        };
        const candidates: AnswerKey[] = [...others, "prefix"];
        const cause = candidates.find((one) => given[one] !== undefined);
        if (kind === "warning" || given[key] !== undefined || !cause)
          return issue;
        return {
          ...conflict(issue, finding, sourceOf(key, answers, earlier)),
          flag: questionOf(cause).flag,
          value: String(given[cause]).trim(),
        };
      });
  return { issues: of("refusal"), warnings: of("warning") };
}

function sourceOf(
  key: AnswerKey,
  answers: Partial<Answers>,
  earlier: Partial<Answers>,
): string {
  if (earlier[key] === undefined) return "the default";
  return String(earlier[key]) === String(answers[key])
    ? "the earlier"
    : "the moved";
}

/** The conflict as an error of the given answer. The refused value was not given. */
function conflict(
  { flag, value, reason, remedy }: Issue,
  { key, suggested }: Finding,
  source: string,
): Pick<Issue, "reason" | "remedy"> {
  const question = questionOf(key);
  const fitting = suggested?.[key];
  const why = reason.startsWith("it ")
    ? `, which ${reason.slice(3)}`
    : `: ${reason}`;
  return {
    reason: `it conflicts with ${source} ${flag} ${value}${why}`,
    remedy:
      fitting === undefined || question.list
        ? `For ${flag}: ${remedy}`
        : `Give ${flag} ${String(formatAnswer(question, fitting))} too, or another value here`,
  };
}
