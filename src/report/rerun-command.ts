import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey, type Answers } from "../answers/types.ts";
import type { Word } from "../reconcile/compare.ts";
import { move } from "../answers/carry-over.ts";

export interface Repeated {
  readonly answers: Answers;
  readonly former?: Answers;
  /** What was said of the files in the way. */
  readonly words?: readonly Word[];
}

/** The command line that does the same without a question, as far as flags can say it: see isOneByOne. */
export function repeatCommand(
  { answers, former, words = [] }: Repeated,
  {
    shown,
    git = false,
    dryRun = false,
  }: { shown: string; git?: boolean; dryRun?: boolean },
): string {
  const needed = neededKeys(answers, former);
  const flags = QUESTIONS.filter(({ key }) => needed.has(key)).flatMap(
    ({ key, flag }) =>
      [answers[key]].flat().map((text) => `${flag} ${quoted(text)}`),
  );
  return [
    "npx create-kong-ipv6",
    ...(former ? ["regenerate"] : []),
    quoted(shown),
    ...flags,
    ...(words[0] && !isOneByOne(words) ? ["--conflict", words[0]] : []),
    ...(git ? ["--git"] : []),
    ...(dryRun ? ["--dry-run"] : []),
    "--yes",
  ].join(" ");
}

/** Whether files in the way were settled differently, which no flag does. */
export const isOneByOne = (words: readonly Word[]): boolean =>
  new Set(words).size > 1;

/** What defaults, or the answers of before moved along, don't give already. */
function neededKeys(answers: Answers, former?: Answers): Set<AnswerKey> {
  const known: Partial<Answers> = {};
  for (const { key, fallback } of QUESTIONS) {
    const usual = former
      ? move(former, known)[key]
      : // A random default is none the second time.
        fallback({ answers, randomUla: () => "" });
    if (String(answers[key]) !== String(usual))
      Object.assign(known, { [key]: answers[key] });
  }
  return new Set(Object.keys(known) as AnswerKey[]);
}

/** A word for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w.:/@%+=,-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
