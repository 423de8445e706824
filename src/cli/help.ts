import type { Question } from "../answers/types.ts";
import { filled } from "../base/wrap.ts";
import {
  COMMAND_ROWS,
  COMMANDS,
  flagsOf,
  RUN_FLAGS,
  type Command,
  type RunFlag,
} from "./flags.ts";

const PROGRAM = "create-kong-ipv6";

const EXITS: Readonly<Record<number, string>> = {
  0: "done",
  1: "failed",
  2: "unusable arguments or answers",
  3: "conflicts or drift for you to resolve",
  4: "there are changes or drift",
  130: "cancelled",
};

/**
 * The text of `--help`, in 80 columns. Without a command it has 22 lines, so that a screen of 24 also
 * shows the command line and the next prompt. With one, it lists everything the command takes.
 */
export function helpText(command?: Command): string {
  return command === undefined ? general() : about(command);
}

function general(): string {
  const commands = COMMANDS.map((name) => {
    const { operand, meaning } = COMMAND_ROWS[name];
    return `  ${`${name} ${operand}`.padEnd(24)} ${meaning}\n`;
  });
  const flags = RUN_FLAGS.filter(
    ({ aside, commands: users }) => !aside && users !== COMMANDS,
  );
  const everywhere = RUN_FLAGS.filter(
    ({ commands: users }) => users === COMMANDS,
  );
  const aside = RUN_FLAGS.filter(({ name }) => /^(diff|json)$/.test(name));
  return `${PROGRAM}: a Kong gateway on its own public IPv6 address
Commands (the default is create; each has its own --help)
${commands.join("")}
Options, besides one per answer (--prefix PREFIX ..., see create --help)
${runRows(flags)}  ${[...aside, ...everywhere].map(({ shown }) => shown).join(", ")}

Examples
${examples("create")}`;
}

function about(command: Command): string {
  const { operand, meaning, exits, exitMeanings } = COMMAND_ROWS[command];
  const { answers, run } = flagsOf(command);
  const first = answers.filter((question) => question.first);
  const rest = answers.filter((question) => !question.first);
  const defaults = command === "create";
  const meanings = { ...EXITS, ...exitMeanings };
  const codes = [0, 1, 2, ...exits].map((code) => `${code} ${meanings[code]}`);
  const sections = [
    `${`${PROGRAM} ${command} ${operand}`.trimEnd()}\n  ${meaning}\n`,
    first.length > 0
      ? `Answers${defaults ? " [default]" : ": what you leave out stays, or moves with the prefix"}\n${answerRows(first, defaults)}`
      : "",
    rest.length > 0 ? `More answers\n${answerRows(rest, defaults)}` : "",
    `Options\n${runRows(run)}`,
    `Examples\n${examples(command)}\n`,
    `Exit codes\n${filled(codes.join(", ").split(/(?<=,) /), { indent: "  " }).join("\n")}`,
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function examples(command: Command): string {
  return COMMAND_ROWS[command].examples
    .map((line) => `  npx ${PROGRAM} ${line}`)
    .join("\n");
}

function runRows(flags: readonly RunFlag[]): string {
  return flags
    .map(({ shown, meaning }) => `  ${shown.padEnd(19)} ${meaning}\n`)
    .join("");
}

function answerRows(questions: readonly Question[], defaults: boolean): string {
  return questions
    .map(({ flag, metavar, choices, meaning, defaultText }) => {
      const name = `${flag} ${choices ? choices.join("|") : metavar}`;
      const usual =
        defaults && defaultText !== "asked" ? ` [${defaultText}]` : "";
      return `  ${name.padEnd(28)} ${meaning}${usual}\n`;
    })
    .join("");
}
