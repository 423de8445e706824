import { closest, distance } from "fastest-levenshtein";
import { QUESTIONS, type AnswerKey } from "./questions.ts";
import type { Issue } from "../base/errors.ts";
import { COMMANDS, FLAGS, SHORT, type Command } from "../cli/flags.ts";

/** What speaks against a flag that there isn't, with the one that is most like it, if one is. */
export function unknownFlag(flag: string, command: Command): Issue {
  const meant = flag.startsWith("--") ? likelyFlag(flag) : otherCase(flag);
  const near = meant === undefined ? "" : `Did you mean ${meant}? `;
  return {
    flag,
    reason: "there is no such flag",
    remedy: `${near}${command} --help lists them all`,
  };
}

/** A slip in three letters is likely, or a part of the name; all else would be a guess. */
function likelyFlag(flag: string): string | undefined {
  const name = flag.slice(2);
  const near = nearest(flag, FLAGS);
  if (slips(flag, near) <= Math.max(1, name.length / 3)) return near;
  if (name.length < 3) return undefined;
  return FLAGS.find((known) => known.includes(name));
}

/** One letter is like no other, but for its case: `-v` is `-V`. */
const otherCase = (flag: string): string | undefined =>
  SHORT.find((known) => known.toLowerCase() === flag.toLowerCase());

const nearest = (word: string, known: readonly string[]): string =>
  known.reduce((one, other) =>
    slips(word, other) < slips(word, one) ? other : one,
  );

/** How many slips of the hand are between two words; two letters the wrong way round are one. */
function slips(word: string, other: string): number {
  const at = [...word].findIndex((letter, index) => letter !== other[index]);
  const [one = "", two = ""] = word.slice(at);
  const swapped = word.slice(0, at) + two + one + word.slice(at + 2);
  return at >= 0 && swapped === other ? 1 : distance(word, other);
}

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

/** What other programs have as commands. */
const FLAGS_HERE = ["help", "version"];

/**
 * A first word that is nearly a command: `regenrate` shall not make a directory of that name. A
 * second word says that a command was meant; alone it may be a directory's name, so it has to be
 * nearer.
 */
export function mistypedCommand(first: string, second: boolean): Issue[] {
  const near = nearest(first, [...COMMANDS, ...FLAGS_HERE]);
  const far = slips(first, near);
  if (far > (second || near.length > 7 ? 2 : 1)) return [];
  const meant = FLAGS_HERE.includes(near) ? `--${near}` : near;
  return [
    {
      flag: first,
      reason: "there is no such command",
      remedy: `Did you mean ${meant}? For a directory of that name, write ./${first}`,
    },
  ];
}
