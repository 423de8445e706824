import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey, type Answers } from "../answers/types.ts";
import type { Word } from "../reconcile/compare.ts";
import { move } from "../answers/carry-over.ts";

export interface Rerun {
  readonly answers: Answers;
  readonly former?: Answers;
  /** How the conflicts were resolved. */
  readonly words?: readonly Word[];
}

/** The command that does the same without questions, except what isOneByOne describes. */
export function rerunCommand(
  { answers, former, words = [] }: Rerun,
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

/** Whether conflicts were resolved in different ways, which no flag can do. */
export const isOneByOne = (words: readonly Word[]): boolean =>
  new Set(words).size > 1;

/** The answers that differ from the defaults, or from the previous answers after the move. */
function neededKeys(answers: Answers, former?: Answers): Set<AnswerKey> {
  const known: Partial<Answers> = {};
  for (const { key, fallback } of QUESTIONS) {
    const usual = former
      ? move(former, known)[key]
      : // A random default differs each time.
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
