import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { formatHost, parseLink } from "../answers/parse-addresses.ts";
import { QUESTIONS } from "../answers/questions.ts";
import type { AnswerKey, Answers, Question } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import { move } from "../answers/carry-over.ts";
import { formatSubnet } from "../ip/address.ts";
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

/** Yes or no; Enter is the default. */
export const confirm = async (
  prompter: Prompter,
  message: string,
  usual: boolean,
): Promise<boolean> =>
  (await askWord(prompter, message, {
    words: WORDS.slice(0, 2),
    hint: usual ? "Y/n" : "y/N",
    usual,
  })) === "Yes";

/** `confirm`, or a third answer. */
export const confirmOrChange = async (
  prompter: Prompter,
  message: string,
): Promise<Word> =>
  await askWord(prompter, message, {
    words: WORDS,
    hint: "Y/n, c to change an answer",
    usual: true,
  });

const WORDS = ["Yes", "No", "Change an answer"] as const;
type Word = (typeof WORDS)[number];

interface WordOptions {
  /** The words that are allowed. */
  readonly words: readonly Word[];
  readonly hint: string;
  /** What Enter means: yes or no. */
  readonly usual: boolean;
}

/** inquirer's own question for yes or no takes any other word for the default. */
async function askWord(
  prompter: Prompter,
  message: string,
  { words, hint, usual }: WordOptions,
): Promise<Word> {
  const initials = words.map((word) => word.charAt(0).toLowerCase());
  const { sure } = await prompter.prompt([
    {
      type: "input",
      name: "sure",
      message,
      default: hint,
      transformer: withDefault(hint),
      filter: (text: unknown) => {
        if (text === hint) return usual ? "Yes" : "No";
        const typed = String(text).trim().toLowerCase();
        const isMeant = (word: string): boolean =>
          typed !== "" && word.toLowerCase().startsWith(typed);
        return words.find(isMeant) ?? "";
      },
      validate: (text: unknown) =>
        text !== "" ||
        `Type ${initials.slice(0, -1).join(", ")} or ${initials.at(-1)}.`,
    },
  ]);
  return sure as Word;
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

interface AskOptions {
  /** The previous answers: the default is among them, moved to the new prefix. */
  readonly previous?: Answers | undefined;
  /** A default that replaces all others. */
  readonly offered?: string | undefined;
}

/**
 * Asks one question, again until the answer can be used. An answer that only contradicts an earlier
 * one is taken: then either can be changed.
 */
export async function ask(
  prompter: Prompter,
  question: Question,
  answers: Given,
  { previous, offered }: AskOptions = {},
): Promise<unknown> {
  const known = survey(answers, { defaults: false }).answers;
  const usual =
    offered ??
    (previous
      ? move(previous, known)[question.key]
      : suggestedAnswer(question, parsedOf(known)));
  const prompt = {
    name: question.key,
    message: `${question.meaning}:`,
    default: Array.isArray(usual) ? usual.join(" ") || undefined : usual,
  };
  const reply = await prompter.prompt([
    question.choices
      ? { ...prompt, type: "list", choices: choicesOf(question) }
      : {
          ...prompt,
          type: "input",
          transformer: withDefault(prompt.default),
          validate: (text: unknown) => judge(question, text, answers),
          filter: (text: unknown) => normalForm(question, text),
        },
  ]);
  const text: unknown = reply[question.key];
  return question.list ? words(question, text) : text;
}

/** Each choice with its explanation. */
function choicesOf({ choices = [], explanations = {} }: Question): object[] {
  const width = Math.max(...choices.map(({ length }) => length));
  return choices.map((value) => ({
    name: `${value.padEnd(width)}  ${explanations[value]}`,
    value,
    short: value,
  }));
}

/** Asks which of some answers to change. */
export async function chooseAnswer(
  prompter: Prompter,
  keys: readonly AnswerKey[],
  answers: Given,
): Promise<Question> {
  const questions = QUESTIONS.filter(({ key }) => keys.includes(key));
  const [only] = questions;
  if (only && questions.length === 1) return only;
  const { change } = await prompter.prompt([
    {
      type: "list",
      name: "change",
      message: "Change which answer?",
      pageSize: 12,
      choices: questions.map(({ key, meaning }) => ({
        name: `${meaning}: ${[answers[key]].flat().join(" ")}`,
        value: key,
      })),
    },
  ]);
  return questions.find(({ key }) => key === change) as Question;
}

/** The answers that an issue is about: its own, and others that its reason names. */
export function keysOf({ flag, reason }: Issue): AnswerKey[] {
  const flags = [flag, ...(reason.match(/--[a-z0-9-]+/g) ?? [])];
  return QUESTIONS.filter((question) => flags.includes(question.flag)).map(
    ({ key }) => key,
  );
}

/** true, or on one line why the answer itself cannot be used. */
function judge(
  question: Question,
  text: unknown,
  answers: Given,
): true | string {
  const value = question.list ? words(question, text) : text;
  const given = { ...answers, ...answersIn(question, value) };
  // A prefix as `ip addr` prints it names a host too: an earlier answer comes first.
  if (question.key === "prefix" && answers.host !== undefined)
    given.host = answers.host;
  const { issues } = survey(given, { defaults: false });
  const own = issues.find((issue) =>
    keysOf(issue).every((key) => key === question.key),
  );
  return own === undefined ? true : oneLine(own);
}

/** What a reply answers: the prefix as `ip addr` prints it, an address with its length, also the host. */
export function answersIn({ key }: Question, reply: unknown): Given {
  const link = key === "prefix" ? parseLink(reply) : undefined;
  if (link === undefined) return { [key]: reply };
  return {
    prefix: formatSubnet(link.prefix),
    host: formatHost({ address: link.host, length: link.prefix.length }),
  };
}

/** An accepted answer is shown in normal form. Other text stays as typed. */
function normalForm(question: Question, text: unknown): unknown {
  if (question.list) return text;
  const { value, issues } = parseAnswer(question, text);
  return value === undefined || issues.length > 0
    ? text
    : formatAnswer(question, value);
}

function words({ separator = /[\s,]+/ }: Question, text: unknown): string[] {
  return String(text ?? "")
    .split(separator)
    .filter((word) => word !== "");
}
