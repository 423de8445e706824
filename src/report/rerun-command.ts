import { operandWord, program } from "../base/program.ts";
import { shellWord } from "../base/shell.ts";
import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey, type Answers } from "../answers/types.ts";
import type { Phase, Resolution } from "../reconcile/request.ts";
import { move } from "../answers/carry-over.ts";
import { defaultAnswer, parsedOf } from "../answers/normal-form.ts";

interface Rerun {
  readonly answers: Answers;
  readonly previousAnswers?: Answers;
  /** How the conflicts were resolved. */
  readonly resolutions?: readonly Resolution[];
  readonly phase?: Phase;
}

interface RerunOptions {
  readonly shown: string;
  readonly git?: boolean;
  readonly dryRun?: boolean;
}

/** The command that does the same without questions, except what isOneByOne describes. */
export function rerunCommand(
  { answers, previousAnswers, resolutions = [], phase }: Rerun,
  { shown, git = false, dryRun = false }: RerunOptions,
): string {
  const needed = neededKeys(answers, previousAnswers);
  // --ssh implies --detect, which is skipped if no answer is left open.
  if (needed.has("ssh") && answers.ssh !== "none")
    for (const { key } of QUESTIONS) needed.add(key);
  const flags = QUESTIONS.filter(({ key }) => needed.has(key)).flatMap(
    ({ key, flag }) => {
      const texts = [answers[key]].flat();
      // "none" is the empty list.
      const words = texts.length > 0 ? texts : ["none"];
      return words.map((text) => `${flag} ${shellWord(text)}`);
    },
  );
  return [
    program(),
    ...(previousAnswers ? ["regenerate"] : []),
    operandWord(shown),
    ...flags,
    ...(resolutions[0] && !isOneByOne(resolutions)
      ? ["--conflict", resolutions[0]]
      : []),
    ...(phase ? [`--${phase}`] : []),
    ...(git ? ["--git"] : []),
    ...(dryRun ? ["--dry-run"] : []),
    "--yes",
  ].join(" ");
}

/** Whether conflicts were resolved in different ways, which no flag can do. */
export const isOneByOne = (resolutions: readonly Resolution[]): boolean =>
  new Set(resolutions).size > 1;

/** The answers that differ from the defaults, or from the previous answers after the move. */
function neededKeys(
  answers: Answers,
  previousAnswers?: Answers,
): Set<AnswerKey> {
  const differ = (expected: Partial<Answers>) =>
    QUESTIONS.filter(
      ({ key }) => String(answers[key]) !== String(expected[key]),
    ).map(({ key }) => key);
  if (previousAnswers === undefined)
    return new Set(differ(defaultsOf(answers)));
  // What an answer moves to depends on the others, so each is compared again with those that are given.
  const given: Partial<Answers> = {};
  for (;;) {
    const [next] = differ(move(previousAnswers, given));
    if (next === undefined) return new Set(Object.keys(given) as AnswerKey[]);
    Object.assign(given, { [next]: answers[next] });
  }
}

/** The default of each answer beside the others. A random one differs each time, so it is none. */
function defaultsOf(answers: Answers): Partial<Answers> {
  const parsed = parsedOf(answers);
  return Object.fromEntries(
    QUESTIONS.filter(({ random }) => !random).map((question) => [
      question.key,
      defaultAnswer(question, parsed),
    ]),
  );
}
