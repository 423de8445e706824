import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { QUESTIONS } from "../answers/questions.ts";
import { type Answers, type Question } from "../answers/types.ts";
import type { Change } from "../reconcile/change.ts";
import type { Resolution } from "../reconcile/request.ts";
import {
  valuesOf,
  type Detected,
  type Look,
} from "../detect/infer/findings.ts";
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
import { settling } from "./live-plan.ts";
import type { Style } from "../base/colors.ts";

/** The part of inquirer that is used; node-plop hands it in. */
export interface Prompter {
  prompt(questions: readonly DistinctQuestion[]): Promise<Replies>;
}

/**
 * Asks for what is open: the four questions first, the rest behind one "More settings?". Each
 * answer goes through the same reading and the same rules as a flag's.
 * @param former the answers of before: they are the defaults, what moves along with others moved
 * @param tell gets the rows of the plan that the answers so far have settled, each once; and before
 *   a question the source of what was seen
 * @param look what the server says in the light of the answers: that goes before other defaults
 * @returns given, with what was answered
 */
export async function converse(
  prompter: Prompter,
  given: Given,
  former?: Answers,
  tell: (rows: readonly PlanRow[]) => void = () => {},
  look?: Look,
): Promise<Given> {
  const answers: Given = { ...given };
  const settled = settling(former);
  let detected: readonly Detected[] = [];
  const tellNew = async (): Promise<void> => {
    if (look) detected = (await look(answers)).answers;
    const rows = settled(answers, valuesOf(detected));
    if (rows.length > 0) tell(rows);
  };
  const answer = async (question: Question): Promise<void> => {
    const seen = detected.find(({ key }) => key === question.key);
    if (seen) tell([{ ...seen, name: "seen", value: printable(seen.source) }]);
    answers[question.key] = await ask(
      prompter,
      question,
      answers,
      former,
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
  former?: Answers,
  seen?: Detected,
): Promise<unknown> {
  const known = survey(answers, { defaults: false }).answers;
  const usual = suggestedAnswer(question, parsedOf(known));
  const fallback =
    seen?.value ?? (former ? move(former, known)[question.key] : usual);
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
 * true, or why not, on one line.
 * @param usual what fits beside the answers given, where anything does
 */
function judge(
  question: Question,
  text: unknown,
  answers: Given,
  usual: string | string[] | undefined,
): true | string {
  const issuesWith = (value: unknown): readonly Issue[] =>
    survey({ ...answers, [question.key]: value }, { defaults: false }).issues;
  // Issues of what was given by flag are shown too: this may be the last place to mend them.
  const [issue] = issuesWith(question.list ? words(text) : text);
  if (issue === undefined) return true;
  if (issue.flag === question.flag) return oneLine(issue);
  // What would do for the flag can't be typed here.
  const fits = usual !== undefined && issuesWith(usual).length === 0;
  return oneLine({
    ...issue,
    reason: `${issue.flag}: ${issue.reason}`,
    remedy: fits
      ? `Try ${String(usual)}`
      : `Ctrl-C, and give another ${issue.flag}`,
  });
}

/** What is shown once an answer is taken; what can't be read stays as it was typed. */
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
  { name: "keep mine", value: "keep" },
  { name: "take the generated one", value: "theirs" },
  { name: "write both, with conflict markers", value: "markers" },
  { name: "show the difference", value: "diff" },
];

/** Asks of each file that the owner has deleted whether it shall be made again. */
export async function askDeleted(
  prompter: Prompter,
  deleted: readonly Change[],
): Promise<Map<string, Resolution>> {
  const words = new Map<string, Resolution>();
  for (const { path } of deleted) {
    const message = `${path} was deleted by you. Make it again?`;
    if (await confirm(prompter, message, false)) words.set(path, "theirs");
  }
  return words;
}

/** Asks what to do with each file in the way; "for all" ends the asking. */
export async function askConflicts(
  prompter: Prompter,
  conflicts: readonly Change[],
  style: Style,
  show: (text: string) => void,
): Promise<Map<string, Resolution>> {
  const decided = new Map<string, Resolution>();
  for (const [index, conflict] of conflicts.entries()) {
    let word: Resolution | "diff";
    do {
      const choices = conflict.before === null ? CHOICES.slice(0, 1) : CHOICES;
      const message = `${conflict.from ?? conflict.path} (${conflict.reason}):`;
      const reply = await prompter.prompt([
        { type: "list", name: "word", message, choices },
      ]);
      word = reply["word"] as Resolution | "diff";
      if (word === "diff") show(diffText(conflict, style));
    } while (word === "diff");
    decided.set(conflict.path, word);
    const left = conflicts.slice(index + 1);
    if (index > 0 || left.length === 0) continue;
    const message = `The same for the other ${left.length}?`;
    if (await confirm(prompter, message, false)) {
      for (const { path } of left) decided.set(path, word);
      break;
    }
  }
  return decided;
}
