import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey, type Answers } from "../answers/types.ts";
import type { Resolution } from "../reconcile/request.ts";
import { move } from "../answers/carry-over.ts";
import { defaultAnswer, parsedOf } from "../answers/normal-form.ts";

export interface Repeated {
  readonly answers: Answers;
  readonly previousAnswers?: Answers;
  /** What was said of the files in the way. */
  readonly resolutions?: readonly Resolution[];
}

/** The command line that does the same without a question, as far as flags can say it: see isOneByOne. */
export function repeatCommand(
  { answers, previousAnswers, resolutions = [] }: Repeated,
  {
    shown,
    git = false,
    dryRun = false,
  }: { shown: string; git?: boolean; dryRun?: boolean },
): string {
  const needed = neededKeys(answers, previousAnswers);
  const flags = QUESTIONS.filter(({ key }) => needed.has(key)).flatMap(
    ({ key, flag }) =>
      [answers[key]].flat().map((text) => `${flag} ${quoted(text)}`),
  );
  return [
    "npx create-kong-ipv6",
    ...(previousAnswers ? ["regenerate"] : []),
    quoted(shown),
    ...flags,
    ...(resolutions[0] && !isOneByOne(resolutions)
      ? ["--conflict", resolutions[0]]
      : []),
    ...(git ? ["--git"] : []),
    ...(dryRun ? ["--dry-run"] : []),
    "--yes",
  ].join(" ");
}

/** Whether files in the way were settled differently, which no flag does. */
export const isOneByOne = (resolutions: readonly Resolution[]): boolean =>
  new Set(resolutions).size > 1;

/** What defaults, or the answers of before moved along, don't give already. */
function neededKeys(
  answers: Answers,
  previousAnswers?: Answers,
): Set<AnswerKey> {
  const known: Partial<Answers> = {};
  const parsed = parsedOf(answers);
  for (const question of QUESTIONS) {
    const { key, random } = question;
    // A random default is another one the next time.
    const fallback = random ? undefined : defaultAnswer(question, parsed);
    const expected = previousAnswers
      ? move(previousAnswers, known)[key]
      : fallback;
    if (String(answers[key]) !== String(expected))
      Object.assign(known, { [key]: answers[key] });
  }
  return new Set(Object.keys(known) as AnswerKey[]);
}

/** A resolution for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w.:/@%+=,-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
