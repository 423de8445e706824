import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { type Answers, type Question } from "../answers/types.ts";
import type { Detected } from "../detect/infer/types.ts";
import type { Issue } from "../base/errors.ts";
import { move } from "../answers/carry-over.ts";
import { oneLine } from "./one-line.ts";
import {
  formatAnswer,
  parsedOf,
  suggestedAnswer,
} from "../answers/normal-form.ts";
import { parseAnswer } from "../answers/parse-answer.ts";
import { survey, type Given } from "../answers/resolve.ts";
import { styleFor } from "../base/colors.ts";

/** The part of inquirer that is used. node-plop provides it. */
export interface Prompter {
  prompt(questions: readonly DistinctQuestion[]): Promise<Replies>;
}

/** Yes or no; Enter is the default. inquirer's own takes any other word for the default. */
export async function confirm(
  prompter: Prompter,
  message: string,
  usual: boolean,
): Promise<boolean> {
  const hint = usual ? "Y/n" : "y/N";
  const { sure } = await prompter.prompt([
    {
      type: "input",
      name: "sure",
      message,
      default: hint,
      transformer: withDefault(hint),
      filter: (text: unknown) =>
        yesOrNo(text === hint ? hint.replace(/[^A-Z]/g, "") : text),
      validate: (text: unknown) => text !== "" || "Type y or n.",
    },
  ]);
  return sure === "Yes";
}

/** "Yes", "No", or nothing for any other word. */
function yesOrNo(text: unknown): string {
  const word = String(text).trim().toLowerCase();
  if (word === "") return "";
  return ["Yes", "No"].find((one) => one.toLowerCase().startsWith(word)) ?? "";
}

type Transformer = (
  text: string,
  answers: unknown,
  flags: { isFinal?: boolean },
) => string;

/** Shows the default again after the owner typed and deleted; inquirer shows it only before the first key. */
function withDefault(usual: string | undefined): Transformer {
  const { cyan, dim } = styleFor(true, true);
  let drawn = false;
  return (text, _, { isFinal = false }) => {
    const again = drawn && text === "" && usual !== undefined;
    drawn = true;
    if (isFinal) return cyan(text);
    return again ? dim(`(${usual}) `) : text;
  };
}

/** Asks one question, again until the answer can be used. */
export async function ask(
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
          transformer: withDefault(prompt.default),
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
