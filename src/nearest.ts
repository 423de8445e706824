import { closest, distance } from "fastest-levenshtein";
import { QUESTIONS, type AnswerKey } from "./answers.ts";
import type { Issue } from "./errors.ts";
import { COMMANDS, FLAGS, type Command } from "./flags.ts";

/** What speaks against a flag that there isn't, with the one that is most like it. */
export function unknownFlag(flag: string, command: Command): Issue {
  return {
    flag,
    reason: "there is no such flag",
    remedy: `Did you mean ${closest(flag, [...FLAGS])}? ${command} --help lists them all`,
  };
}

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
  const near = closest(first, [...COMMANDS, ...FLAGS_HERE]);
  const far = distance(first, near);
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
