import {
  COMMAND_ROWS,
  flagsOf,
  RUN_FLAGS,
  spellings,
  possibleValues,
  type Command,
} from "../flags.ts";
import { QUESTIONS } from "../../answers/questions.ts";

/** What follows a flag: nothing, one of some words, a file, or any text. */
export type Value = readonly string[] | "file" | "any" | undefined;

/** A flag as completion sees it: the same for answers and for the rest. */
export interface Flag {
  /** `--name`, `--no-name`, `-n` */
  readonly spelled: readonly string[];
  readonly meaning: string;
  readonly value: Value;
  /** May be given more than once. */
  readonly repeats: boolean;
}

const ANSWERS: readonly Flag[] = QUESTIONS.map((question) => ({
  spelled: [question.flag],
  meaning: question.meaning,
  value: possibleValues(question) ?? "any",
  repeats: question.list === true,
}));

const RUN: ReadonlyMap<string, Flag> = new Map(
  RUN_FLAGS.map((flag) => [
    flag.name,
    {
      spelled: [
        ...(flag.short ? [`-${flag.short}`] : []),
        ...spellings(flag).filter((name) => name !== "--color"),
      ],
      meaning: flag.meaning,
      value:
        flag.metavar === undefined
          ? undefined
          : (possibleValues(flag) ??
            (flag.metavar === "FILE" ? "file" : "any")),
      repeats: false,
    },
  ]),
);

/** The flags of a command. */
export function completedFlags(command: Command): readonly Flag[] {
  const { answers, run } = flagsOf(command);
  return [
    ...(answers.length > 0 ? ANSWERS : []),
    ...run.map(({ name }) => RUN.get(name) as Flag),
  ];
}

const isAnswer = (flag: Flag): boolean =>
  ANSWERS.some(({ spelled }) => spelled[0] === flag.spelled[0]);

/** All flags, each once: --ssh is an answer, and a flag of detect. */
export const ALL: readonly Flag[] = [
  ...ANSWERS,
  ...[...RUN.values()].filter((flag) => !isAnswer(flag)),
];

/** Every flag that takes a value. The word after it is neither a directory nor a command. */
export const VALUED: readonly string[] = ALL.filter(
  ({ value }) => value !== undefined,
).flatMap(({ spelled }) => spelled);

/** What follows a command: words, a directory, or nothing. */
export function operandOf(command: Command): readonly string[] | "directory" {
  const { operand } = COMMAND_ROWS[command];
  if (operand === "[directory]") return "directory";
  return operand === "" ? [] : operand.split("|");
}
