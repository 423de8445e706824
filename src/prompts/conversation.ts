import { parsedOf } from "../answers/normal-form.ts";
import { move } from "../answers/carry-over.ts";
import { checkMove } from "../answers/survey-moved.ts";
import { questionOf, QUESTIONS } from "../answers/questions.ts";
import type { AnswerKey, Answers, Question } from "../answers/types.ts";
import {
  valuesOf,
  type Detected,
  type Detector,
} from "../detect/infer/types.ts";
import {
  FailedError,
  issueText,
  sentence,
  type Issue,
} from "../base/errors.ts";
import type { PlanRow } from "../plan/summary.ts";
import { printable } from "../base/escape.ts";
import { survey, type Given } from "../answers/resolve.ts";
import {
  answersIn,
  ask,
  chooseAnswer,
  confirm,
  keysOf,
  type Prompter,
} from "./ask.ts";
import { livePlan } from "./live-plan.ts";

/** What a conversation prints besides its questions. */
export interface Printer {
  /** Rows of the plan, as soon as the answers decide them; the source of a detected default. */
  readonly rows: (rows: readonly PlanRow[]) => void;
  /** What helps to answer the next question. */
  readonly hint: (text: string) => void;
  readonly issue: (issue: Issue) => void;
  readonly failure: (error: FailedError) => void;
  readonly warning: (text: string) => void;
}

interface Background {
  /** The previous answers. They are the defaults, moved to the new prefix. */
  readonly previous?: Answers | undefined;
  /** Gives detected answers, which replace other defaults. */
  readonly detect?: Detector | undefined;
  /** Whether to ask first how to reach the server, to detect there. */
  readonly asksLogin?: boolean;
}

/**
 * Asks for the missing answers: the server's login, then four questions, the rest after one "More
 * settings?". Every answer is checked as if it were given by flag.
 * @returns the given answers and the new ones
 */
export async function converse(
  prompter: Prompter,
  given: Given,
  print: Printer,
  background: Background = {},
): Promise<Given> {
  const answers: Given = { ...given };
  const asking = new Asking(prompter, answers, print, background);
  const open = ({ key }: Question): boolean => answers[key] === undefined;
  if (background.asksLogin) await asking.login();
  else await asking.detect();
  for (const question of QUESTIONS.filter(({ first }) => first).filter(open))
    await asking.askAndDetect(question);
  const rest = QUESTIONS.filter(open);
  if (rest.length === 0) return answers;
  if (!(await confirm(prompter, "More settings?", false)))
    return { ...valuesOf(asking.detected), ...answers };
  for (const question of rest) await asking.askAndDetect(question);
  return answers;
}

/** The questions of one conversation; each answer is added to `answers`. */
class Asking {
  detected: readonly Detected[] = [];
  readonly #prompter: Prompter;
  readonly #answers: Given;
  readonly #print: Printer;
  readonly #previous: Answers | undefined;
  #detector: Detector | undefined;
  readonly #decidedRows;
  /** The server's address, if it was given together with the prefix. */
  #typedHost: string | undefined;

  constructor(
    prompter: Prompter,
    answers: Given,
    print: Printer,
    { previous, detect }: Background,
  ) {
    this.#prompter = prompter;
    this.#answers = answers;
    this.#print = print;
    this.#previous = previous;
    this.#detector = detect;
    this.#decidedRows = livePlan(previous);
  }

  /** Detects again, and prints the rows of the plan that are decided now. @returns warnings */
  async detect(): Promise<readonly string[]> {
    const detection = await this.#detector?.(this.#answers);
    this.detected = detection?.answers ?? [];
    const rows = this.#decidedRows(this.#answers, valuesOf(this.detected));
    if (rows.length > 0) this.#print.rows(rows);
    return detection?.warnings ?? [];
  }

  async askAndDetect(question: Question): Promise<void> {
    await this.#ask(question);
    await this.detect();
  }

  /** Asks for the server's login, unless it is given, until its facts are read, or the owner goes on without them. */
  async login(): Promise<void> {
    if (this.#answers.ssh === undefined) await this.#ask(questionOf("ssh"));
    try {
      const warnings = await this.detect();
      if (this.#answers.ssh !== "none") warnings.forEach(this.#print.warning);
    } catch (error) {
      if (!(error instanceof FailedError)) throw error;
      this.#print.failure(error);
      const message = "Continue without the server's facts?";
      if (!(await confirm(this.#prompter, message, false))) {
        delete this.#answers.ssh;
        return await this.login();
      }
      this.#detector = undefined;
    }
  }

  async #ask(question: Question): Promise<void> {
    const answers = this.#answers;
    const print = this.#print;
    const { key, hint } = question;
    const seen = this.detected.find((one) => one.key === key);
    const typed = key === "host" ? this.#typedHost : undefined;
    if (seen && typed === undefined)
      print.rows([
        { ...seen, name: "detected", value: printable(seen.source) },
      ]);
    else if (hint)
      print.hint(hint(parsedOf(survey(answers, { defaults: false }).answers)));
    const replied = answersIn(
      question,
      await ask(this.#prompter, question, answers, {
        previous: this.#previous,
        offered: typed ?? seen?.value,
      }),
    );
    answers[key] = replied[key];
    if (key === "prefix" && replied.host) this.#typedHost = `${replied.host}`;
    const prompter = this.#prompter;
    Object.assign(
      answers,
      await settled(prompter, answers, print, { last: key }),
    );
  }
}

interface SettleOptions {
  /** The answer that was given last: it is one of the choices. */
  readonly last?: AnswerKey;
  /** As in a survey. */
  readonly defaults?: boolean;
}

/** While answers contradict each other, the owner chooses one to change. */
export async function settled(
  prompter: Prompter,
  given: Given,
  print: Pick<Printer, "issue">,
  { last, defaults = false }: SettleOptions,
): Promise<Given> {
  const answers = { ...given };
  for (;;) {
    const { answers: known, issues } = survey(answers, { defaults });
    const [issue] = issues;
    if (issue === undefined) return answers;
    print.issue(issue);
    const keys = [...keysOf(issue), ...(last ? [last] : [])];
    const question = await chooseAnswer(prompter, keys, {
      ...known,
      ...answers,
    });
    const reply = await ask(prompter, question, answers);
    Object.assign(answers, answersIn(question, reply));
  }
}

/** All answers, the previous ones moved; asks for those that only the provider knows now. */
export async function movedAnswers(
  prompter: Prompter,
  answers: Given,
  previous: Answers,
  print: Pick<Printer, "issue" | "warning">,
): Promise<Given> {
  const given = survey(answers, { defaults: false }).answers;
  const moved = move(previous, given);
  const { issues, warnings } = checkMove(previous, given, moved);
  warnings.forEach((one) => print.warning(sentence(issueText(one))));
  const all: Given = { ...moved };
  for (const issue of issues) {
    print.issue(issue);
    const question = QUESTIONS.find(({ flag }) => flag === issue.flag);
    if (question === undefined) continue;
    all[question.key] = await ask(prompter, question, all);
  }
  return all;
}

/** Asks which answer to change, and for its new value. What lies in a subnet that moves, moves with it. */
export async function changeAnswer(
  prompter: Prompter,
  answers: Answers,
  print: Pick<Printer, "issue" | "warning">,
): Promise<Given> {
  const keys = QUESTIONS.map(({ key }) => key);
  const question = await chooseAnswer(prompter, keys, answers);
  const offered = [answers[question.key]].flat().join(" ");
  const reply = await ask(prompter, question, answers, { offered });
  const changed = answersIn(question, reply);
  return await movedAnswers(prompter, changed, answers, print);
}
