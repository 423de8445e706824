import { shellWord } from "../base/shell.ts";
import { move } from "./carry-over.ts";
import { QUESTIONS } from "./questions.ts";
import type { AnswerKey, Answers } from "./types.ts";

/** The flags that give some of the answers, as words of a shell. */
export const flagsFor = (
  answers: Answers,
  keys: ReadonlySet<AnswerKey>,
): string[] =>
  QUESTIONS.filter(({ key }) => keys.has(key)).flatMap(({ key, flag }) => {
    const texts = [answers[key]].flat();
    // "none" is the empty list.
    const words = texts.length > 0 ? texts : ["none"];
    return words.map((text) => `${flag} ${shellWord(text)}`);
  });

/** The answers that have to be given to get from one set to another; the others follow. */
export function keysToGive(before: Answers, after: Answers): Set<AnswerKey> {
  // What an answer moves to depends on the others, so each is compared again with those that are given.
  const given: Partial<Answers> = {};
  for (;;) {
    const [next] = differing(after, move(before, given));
    if (next === undefined) return new Set(Object.keys(given) as AnswerKey[]);
    Object.assign(given, { [next]: after[next] });
  }
}

/** The answers that are not as expected. */
export const differing = (
  answers: Answers,
  expected: Partial<Answers>,
): AnswerKey[] =>
  QUESTIONS.filter(
    ({ key }) => String(answers[key]) !== String(expected[key]),
  ).map(({ key }) => key);
