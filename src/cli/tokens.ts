import { parseArgs } from "node:util";
import { likelyAnswers } from "../answers/did-you-mean.ts";
import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import { unknownFlag } from "./did-you-mean.ts";
import { COMMANDS, RUN_FLAGS, type Command } from "./flags.ts";

/** A command line, sorted: what each flag was given, and what is not a flag. Nothing is checked yet. */
export interface Tokens {
  readonly command: Command;
  /** Whether the command was named. */
  readonly named: boolean;
  /** The first argument that is not a flag. */
  readonly first: string | undefined;
  /** All others that are not flags, without the command. */
  readonly operands: readonly string[];
  readonly switches: ReadonlyMap<string, boolean>;
  /** By the flag's name without dashes. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Answers that an unreadable flag may have been meant to give. */
  readonly unread: readonly AnswerKey[];
  readonly issues: readonly Issue[];
}

const SWITCHES = RUN_FLAGS.filter(({ metavar }) => metavar === undefined);
const NEGATABLE = SWITCHES.filter(({ negatable }) => negatable);
const VALUED = [
  ...RUN_FLAGS.filter(({ metavar }) => metavar !== undefined).map(
    ({ name }) => name,
  ),
  ...QUESTIONS.map(({ flag }) => flag.slice(2)),
];

/** Sorts a command line. Flags that do not exist or lack their value are issues. */
export function readTokens(argv: readonly string[]): Tokens {
  const tokens = parsed(argv);
  const words = tokens.flatMap((token) =>
    token.kind === "positional" ? [token.value] : [],
  );
  const word = COMMANDS.find((name) => name === words[0]);
  const command = word ?? "create";
  const switches = new Map<string, boolean>();
  const values = new Map<string, string[]>();
  const unread: AnswerKey[] = [];
  const issues: Issue[] = [];
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, negated } = nameOf(token.name);
    if (SWITCHES.some((flag) => flag.name === name)) {
      if (token.value === undefined) switches.set(name, !negated);
      else issues.push(takesNoValue(token.rawName, token.value));
    } else if (!VALUED.includes(name)) {
      issues.push(unknownFlag(token.rawName, command));
      unread.push(...likelyAnswers(token.rawName));
    } else {
      const value = valueOf(token);
      if (value !== undefined) {
        values.set(name, [...(values.get(name) ?? []), value]);
        continue;
      }
      issues.push(valueMissing(token.rawName));
      const meant = QUESTIONS.find(({ flag }) => flag === token.rawName);
      if (meant) unread.push(meant.key);
    }
  }
  return {
    command,
    named: word !== undefined,
    first: words[0],
    operands: word === undefined ? words : words.slice(1),
    switches,
    values,
    unread,
    issues,
  };
}

function parsed(argv: readonly string[]) {
  const valued = VALUED.map((name) => [name, { type: "string" as const }]);
  const switches = SWITCHES.map(({ name, short }) => [
    name,
    { type: "boolean" as const, ...(short && { short }) },
  ]);
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries([...valued, ...switches]),
  });
  return tokens;
}

/** `no-git` is git, negated. */
function nameOf(written: string): { name: string; negated: boolean } {
  const name = written.slice("no-".length);
  const negated =
    written.startsWith("no-") && NEGATABLE.some((flag) => flag.name === name);
  return { name: negated ? name : written, negated };
}

type Option = Extract<ReturnType<typeof parsed>[number], { kind: "option" }>;

/** The value, if there is one. The next flag is not a value, except in --flag=--value. */
function valueOf({ value, inlineValue }: Option): string | undefined {
  return value === "" || (value?.startsWith("--") && !inlineValue)
    ? undefined
    : value;
}

const takesNoValue = (flag: string, value: string): Issue => ({
  flag,
  value,
  reason: "it takes no value",
  remedy: `Give ${flag} alone`,
});

const valueMissing = (flag: string): Issue => ({
  flag,
  reason: "its value is missing",
  remedy: `Write ${flag} VALUE`,
});
