import {
  COMMAND_ROWS,
  flagsOf,
  RUN_FLAGS,
  spellings,
  possibleValues,
  type Command,
  type RunFlag,
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

/** By row: --conflict has one for undo, with other values. */
const RUN: ReadonlyMap<RunFlag, Flag> = new Map(
  RUN_FLAGS.map((flag) => [
    flag,
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
    ...run.map((flag) => RUN.get(flag) as Flag),
  ];
}

const isAnswer = (flag: Flag): boolean =>
  ANSWERS.some(({ spelled }) => spelled[0] === flag.spelled[0]);

/** All flags, each once: --ssh is an answer, and a flag of detect. --conflict has two rows. */
export const ALL: readonly Flag[] = [
  ...ANSWERS,
  ...[...RUN.values()].filter((flag) => !isAnswer(flag)),
];

/** Every flag that takes a value. The word after it is neither a directory nor a command. */
export const VALUED: readonly string[] = [
  ...new Set(
    ALL.filter(({ value }) => value !== undefined).flatMap(
      ({ spelled }) => spelled,
    ),
  ),
];

/** What follows a command: words, a directory, or nothing. */
export function operandOf(command: Command): readonly string[] | "directory" {
  const { operand } = COMMAND_ROWS[command];
  if (operand === "[directory]") return "directory";
  return operand === "" ? [] : operand.split("|");
}
