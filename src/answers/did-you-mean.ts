import { closest, distance } from "fastest-levenshtein";
import { QUESTIONS } from "./questions.ts";
import { type AnswerKey } from "./types.ts";
import type { Issue } from "../base/errors.ts";

/** What speaks against a key that is no answer's; undefined for one that is. */
export function unknownAnswer(
  key: string,
): Pick<Issue, "reason" | "remedy"> | undefined {
  const keys: string[] = QUESTIONS.map((question) => question.key);
  if (keys.includes(key)) return undefined;
  const small = (text: string): string => text.toLowerCase();
  const lower = closest(small(key), keys.map(small));
  const near = keys.find((known) => small(known) === lower) as string;
  return {
    reason: `there is no answer ${JSON.stringify(key.slice(0, 40))}`,
    // More than half of it another: a guess would only mislead.
    remedy:
      distance(small(key), lower) * 2 > near.length
        ? `The answers are ${keys.join(", ")}`
        : `Perhaps ${near} is meant`,
  };
}

/**
 * The answers that a flag or key which there isn't may have been: the one most like it, and the
 * prefix, which alone is asked for and which everybody calls something else.
 */
export function perhapsMeant(name: string): AnswerKey[] {
  const bare = name.replace(/^-+/, "");
  const names = QUESTIONS.flatMap(({ key, flag }) => [key, flag.slice(2)]);
  const near = closest(bare, names);
  const meant = QUESTIONS.filter(
    ({ key, flag }) => key === near || flag === `--${near}`,
  );
  return ["prefix", ...meant.map(({ key }) => key)];
}
