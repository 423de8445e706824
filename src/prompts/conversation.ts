import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { QUESTIONS } from "../answers/questions.ts";
import { type Answers, type Question } from "../answers/types.ts";
import type { Change } from "../reconcile/change.ts";
import type { Resolution } from "../reconcile/request.ts";
import {
  valuesOf,
  type Detected,
  type Detector,
} from "../detect/infer/types.ts";
import { diffText } from "../report/diff.ts";
import type { Issue } from "../base/errors.ts";
import { move } from "../answers/carry-over.ts";
import { oneLine } from "./one-line.ts";
import type { PlanRow } from "../plan/summary.ts";
import { printable } from "../base/escape.ts";
import {
  formatAnswer,
  parsedOf,
  suggestedAnswer,
} from "../answers/normal-form.ts";
import { parseAnswer } from "../answers/parse-answer.ts";
import { survey, type Given } from "../answers/resolve.ts";
import { livePlan } from "./live-plan.ts";
import type { Style } from "../base/colors.ts";

/** The part of inquirer that is used. node-plop provides it. */
export interface Prompter {
  prompt(questions: readonly DistinctQuestion[]): Promise<Replies>;
}

/**
 * Asks for the missing answers: four questions first, the rest after one "More settings?". Every
 * answer is checked as if it were given by flag.
 * @param previous the previous answers. They are the defaults, moved to the new prefix
 * @param tell gets each row of the plan once, as soon as the answers decide it; and before a
 *   question the source of its detected default
 * @param detect gives detected answers, which replace other defaults
 * @returns the given answers and the new ones
 */
export async function converse(
  prompter: Prompter,
  given: Given,
  previous?: Answers,
  tell: (rows: readonly PlanRow[]) => void = () => {},
  detect?: Detector,
): Promise<Given> {
  const answers: Given = { ...given };
  const decidedRows = livePlan(previous);
  let detected: readonly Detected[] = [];
  const tellNew = async (): Promise<void> => {
    if (detect) detected = (await detect(answers)).answers;
    const rows = decidedRows(answers, valuesOf(detected));
    if (rows.length > 0) tell(rows);
  };
  const answer = async (question: Question): Promise<void> => {
    const seen = detected.find(({ key }) => key === question.key);
    if (seen)
      tell([{ ...seen, name: "detected", value: printable(seen.source) }]);
    answers[question.key] = await ask(
      prompter,
      question,
      answers,
      previous,
      seen,
    );
    await tellNew();
  };
  const open = ({ key }: Question): boolean => answers[key] === undefined;

  await tellNew();
  for (const question of QUESTIONS.filter(({ first }) => first).filter(open))
    await answer(question);
  const rest = QUESTIONS.filter(open);
  if (rest.length === 0) return answers;
  if (!(await confirm(prompter, "More settings?", false)))
    return { ...valuesOf(detected), ...answers };
  for (const question of rest) await answer(question);
  return answers;
}

/** Yes or no; Enter is the default. */
export async function confirm(
  prompter: Prompter,
  message: string,
  usual: boolean,
): Promise<boolean> {
  const { sure } = await prompter.prompt([
    { type: "confirm", name: "sure", message, default: usual },
  ]);
  return sure === true;
}

async function ask(
  prompter: Prompter,
  question: Question,
  answers: Given,
  previous?: Answers,
  seen?: Detected,
): Promise<unknown> {
  const known = survey(answers, { defaults: false }).answers;
  const usual = suggestedAnswer(question, parsedOf(known));
  const fallback =
    seen?.value ?? (previous ? move(previous, known)[question.key] : usual);
  const prompt = {
    name: question.key,
    message: `${question.meaning}:`,
    default: Array.isArray(fallback)
      ? fallback.join(" ") || undefined
      : fallback,
  };
  const reply = await prompter.prompt([
    question.choices
      ? { ...prompt, type: "list", choices: [...question.choices] }
      : {
          ...prompt,
          type: "input",
          validate: (text: unknown) => judge(question, text, answers, usual),
          filter: (text: unknown) => normalForm(question, text),
        },
  ]);
  const text: unknown = reply[question.key];
  return question.list ? words(text) : text;
}

/**
 * true, or on one line why the answer cannot be used.
 * @param usual a value that fits the other answers, if there is one
 */
function judge(
  question: Question,
  text: unknown,
  answers: Given,
  usual: string | string[] | undefined,
): true | string {
  const issuesWith = (value: unknown): readonly Issue[] =>
    survey({ ...answers, [question.key]: value }, { defaults: false }).issues;
  // An answer given by flag may be what is wrong. Nothing after this question would report it.
  const [issue] = issuesWith(question.list ? words(text) : text);
  if (issue === undefined) return true;
  if (issue.flag === question.flag) return oneLine(issue);
  // The remedy is for another flag, which cannot be typed here.
  const fits = usual !== undefined && issuesWith(usual).length === 0;
  return oneLine({
    ...issue,
    reason: `${issue.flag}: ${issue.reason}`,
    remedy: fits
      ? `Try ${String(usual)}`
      : `Ctrl-C, and give another ${issue.flag}`,
  });
}

/** An accepted answer is shown in normal form. Unreadable text stays as typed. */
function normalForm(question: Question, text: unknown): unknown {
  if (question.list) return text;
  const { value, issues } = parseAnswer(question, text);
  return value === undefined || issues.length > 0
    ? text
    : formatAnswer(question, value);
}

function words(text: unknown): string[] {
  return String(text ?? "")
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}

const CHOICES: readonly { name: string; value: Resolution | "diff" }[] = [
  { name: "keep my file", value: "keep" },
  { name: "use the generated file", value: "theirs" },
  { name: "write both, with conflict markers", value: "markers" },
  { name: "show the difference", value: "diff" },
];

/** Asks for each file that the owner has deleted whether to create it again. */
export async function askDeleted(
  prompter: Prompter,
  deleted: readonly Change[],
): Promise<Map<string, Resolution>> {
  const resolutions = new Map<string, Resolution>();
  for (const { path } of deleted) {
    const message = `${path} was deleted by you. Create it again?`;
    if (await confirm(prompter, message, false))
      resolutions.set(path, "theirs");
  }
  return resolutions;
}

/** Asks what to do with each conflicting file. One answer can hold for all others. */
export async function askConflicts(
  prompter: Prompter,
  conflicts: readonly Change[],
  style: Style,
  show: (text: string) => void,
): Promise<Map<string, Resolution>> {
  const decided = new Map<string, Resolution>();
  for (const [index, conflict] of conflicts.entries()) {
    let resolution: Resolution | "diff";
    do {
      const choices = conflict.before === null ? CHOICES.slice(0, 1) : CHOICES;
      const { path, from = path, reason = "" } = conflict;
      const message = `${from} (${printable(reason)}):`;
      const reply = await prompter.prompt([
        { type: "list", name: "resolution", message, choices },
      ]);
      resolution = reply["resolution"] as Resolution | "diff";
      if (resolution === "diff") show(diffText(conflict, style));
    } while (resolution === "diff");
    decided.set(conflict.path, resolution);
    const left = conflicts.slice(index + 1);
    if (index > 0 || left.length === 0) continue;
    const message = `Do the same for the other ${left.length}?`;
    if (await confirm(prompter, message, false)) {
      for (const { path } of left) decided.set(path, resolution);
      break;
    }
  }
  return decided;
}
