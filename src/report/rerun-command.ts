import { program } from "../base/program.ts";
import { shellWord } from "../base/shell.ts";
import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey, type Answers } from "../answers/types.ts";
import type { Resolution } from "../reconcile/request.ts";
import { move } from "../answers/carry-over.ts";
import { defaultAnswer, parsedOf } from "../answers/normal-form.ts";

interface Rerun {
  readonly answers: Answers;
  readonly previousAnswers?: Answers;
  /** How the conflicts were resolved. */
  readonly resolutions?: readonly Resolution[];
}

interface RerunOptions {
  readonly shown: string;
  readonly git?: boolean;
  readonly dryRun?: boolean;
}

/** The command that does the same without questions, except what isOneByOne describes. */
export function rerunCommand(
  { answers, previousAnswers, resolutions = [] }: Rerun,
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
    shellWord(shown),
    ...flags,
    ...(resolutions[0] && !isOneByOne(resolutions)
      ? ["--conflict", resolutions[0]]
      : []),
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
  const known: Partial<Answers> = {};
  const parsed = parsedOf(answers);
  for (const question of QUESTIONS) {
    const { key, random } = question;
    // A random default differs each time.
    const fallback = random ? undefined : defaultAnswer(question, parsed);
    const expected = previousAnswers
      ? move(previousAnswers, known)[key]
      : fallback;
    if (String(answers[key]) !== String(expected))
      Object.assign(known, { [key]: answers[key] });
  }
  return new Set(Object.keys(known) as AnswerKey[]);
}
