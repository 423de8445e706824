import { formatAnswer } from "../../src/answers/normal-form.ts";
import { move } from "../../src/answers/carry-over.ts";
import { questionOf } from "../../src/answers/questions.ts";
import type { AnswerKey, Answers } from "../../src/answers/types.ts";
import { resolve, type Given } from "../../src/answers/resolve.ts";

/** A repository's answers as the most owners have them, in space kept for examples (RFC 3849). */
export const GIVEN = {
  prefix: "2001:db8:1:2::/64",
  internalPrefix: "fd4c:8a1e:92b7::/64",
} as const;

/** The answers that these, over the usual ones, come to. @throws UnusableError */
export const answersFrom = (given: Given = {}): Answers =>
  resolve({ ...GIVEN, ...given }).answers;

/** The same with others over them, as regenerate --overlap leaves them. @param next in normal form */
export function overlapFrom(given: Given, next: Partial<Answers>) {
  const overlap = answersFrom(given);
  return { overlap, answers: move(overlap, next) };
}

/** One value of an answer in normal form. @throws Refusal */
export function normalForm(key: AnswerKey, text: string): string {
  const question = questionOf(key);
  return String(formatAnswer(question, question.parse(text)));
}
