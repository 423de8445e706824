import type { Issue } from "../base/errors.ts";
import { editDistance, nearest } from "../base/nearest.ts";
import { QUESTIONS } from "./questions.ts";
import type { AnswerKey } from "./types.ts";

/**
 * Checks a key of an answers file.
 * @returns reason and remedy for a key that no answer has; undefined for a known key
 */
export function unknownAnswer(
  key: string,
): Pick<Issue, "reason" | "remedy"> | undefined {
  const keys: string[] = QUESTIONS.map((question) => question.key);
  if (keys.includes(key)) return undefined;
  const typed = key.toLowerCase();
  const close = nearest(
    typed,
    keys.map((known) => known.toLowerCase()),
  );
  // If more than half of the word differs, a guess would mislead.
  const isLikely = editDistance(typed, close) * 2 <= close.length;
  const known = keys.find((one) => one.toLowerCase() === close) as string;
  return {
    reason: `there is no answer ${JSON.stringify(key.slice(0, 40))}`,
    remedy: isLikely
      ? `Perhaps you meant ${known}`
      : `The answers are ${keys.join(", ")}`,
  };
}

/**
 * The answers that an unknown flag or key was probably meant to give, so that they are not reported
 * as missing too: the most similar one, and the prefix (the only answer without a default).
 */
export function likelyAnswers(name: string): AnswerKey[] {
  const bare = name.replace(/^-+/, "");
  const names = QUESTIONS.flatMap(({ key, flag }) => [key, flag.slice(2)]);
  const near = nearest(bare, names);
  const likely = QUESTIONS.filter(
    ({ key, flag }) => key === near || flag === `--${near}`,
  );
  return ["prefix", ...likely.map(({ key }) => key)];
}
