import { QUESTIONS, type AnswerKey, type Answers } from "./answers.ts";
import { move } from "./move.ts";

/** The command line that does the same without a question. */
export function repeatCommand(
  { answers, former }: { answers: Answers; former?: Answers },
  { shown, git = false }: { shown: string; git?: boolean },
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
    ...(git ? ["--git"] : []),
    "--yes",
  ].join(" ");
}
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
