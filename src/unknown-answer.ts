import { closest } from "fastest-levenshtein";
import { QUESTIONS } from "./answers.ts";
import type { Issue } from "./errors.ts";

/** What speaks against a key that is no answer's; undefined for one that is. */
export function unknownAnswer(
  key: string,
): Pick<Issue, "reason" | "remedy"> | undefined {
  const keys: string[] = QUESTIONS.map((question) => question.key);
  if (keys.includes(key)) return undefined;
  return {
    reason: `there is no answer ${JSON.stringify(key.slice(0, 40))}`,
    remedy: `Perhaps ${closest(key, keys)} is meant`,
  };
}
