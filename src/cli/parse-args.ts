import { QUESTIONS } from "../answers/questions.ts";
import { keyword } from "../base/keyword.ts";
import { type AnswerKey } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import { CONFLICT, flagsOf, type Command, type Shell } from "./flags.ts";
import type { Phase } from "../reconcile/request.ts";
import { program } from "../base/program.ts";
import { mistypedCommand } from "./did-you-mean.ts";
import type { Given } from "../answers/resolve.ts";
import { directoryIssues, readShell } from "./operands.ts";
import { readServerFlags, single, type ServerFlags } from "./server-flags.ts";
import { readTokens, type Tokens } from "./tokens.ts";

export interface Arguments extends ServerFlags {
  readonly command: Command;
  /** Whether the command was named: then --help is its own. */
  readonly named: boolean;
  readonly directory: string | undefined;
  /** Of completion. */
  readonly shell: Shell | undefined;
  /** Answers given by flag. */
  readonly given: Given;
  /** Answers that an unreadable flag was probably meant to give. They are not reported as missing. */
  readonly unread: readonly AnswerKey[];
  /** --answers FILE */
  readonly answersFile: string | undefined;
  /** --detect or --ssh: what the server says is the default. */
  readonly detect: boolean;
  readonly keep: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly json: boolean;
  readonly yaml: boolean;
  readonly conflict: (typeof CONFLICT)[number];
  readonly git: boolean;
  readonly phase: Phase | undefined;
  readonly color: boolean;
  readonly help: boolean;
  readonly version: boolean;
  /** Everything wrong with the arguments; reported together with what is wrong with the answers. */
  readonly issues: readonly Issue[];
}

/** Reads the command line. Everything that is wrong with it is in `issues`. */
export function readArguments(argv: readonly string[]): Arguments {
  const tokens = readTokens(argv);
  const { command, named, first, operands, switches, values } = tokens;
  const issues: Issue[] = [...tokens.issues];
  const isCompletion = command === "completion";
  const { shell, issues: shellIssues } = isCompletion
    ? readShell(operands, switches.has("help"))
    : { shell: undefined, issues: [] };
  const directories = isCompletion ? [] : operands;
  issues.push(...shellIssues, ...foreignFlags(tokens));
  const given = readGiven(values, issues);
  const conflict = readConflict(command, values.get("conflict"), issues);
  const server = readServerFlags(command, values, issues);
  issues.push(...flagConflicts(tokens));
  const mistyped =
    !named && first !== undefined
      ? mistypedCommand(first, directories.length > 1)
      : [];
  issues.push(...mistyped);
  // After a flag that does not exist, a second directory may be that flag's value.
  if (issues.length === 0)
    issues.push(...directoryIssues(command, directories));
  const answersFile = values.get("answers");
  return {
    command,
    named,
    directory: directories[0],
    shell,
    given,
    // A word too many may be a mistyped command, or the value of a mistyped flag.
    unread:
      mistyped.length > 0 || directories.length > 1
        ? QUESTIONS.map(({ key }) => key)
        : tokens.unread,
    answersFile: answersFile && single("--answers", answersFile, issues),
    detect:
      switches.get("detect") ??
      (given.ssh !== undefined && !keyword(String(given.ssh), "none")),
    ...server,
    keep: switches.get("keep") ?? false,
    yes: switches.get("yes") ?? false,
    dryRun: switches.get("dry-run") ?? false,
    diff: switches.get("diff") ?? false,
    json: switches.get("json") ?? false,
    yaml: switches.get("yaml") ?? false,
    conflict,
    git: switches.get("git") ?? false,
    phase: switches.get("finish")
      ? "finish"
      : switches.get("overlap")
        ? "overlap"
        : undefined,
    color: switches.get("color") ?? true,
    help: switches.get("help") ?? false,
    version: switches.get("version") ?? false,
    issues,
  };
}

/** Flags that exist, but that this command does not take. */
function foreignFlags({ command, switches, values }: Tokens): Issue[] {
  const { run, answers } = flagsOf(command);
  const own = new Set([
    ...run.map(({ name }) => `--${name}`),
    ...answers.map(({ flag }) => flag),
  ]);
  return [...switches.keys(), ...values.keys()]
    .map((name) => `--${name}`)
    .filter((flag) => !own.has(flag))
    .map((flag) => ({
      flag,
      reason: `${command} does not take it`,
      remedy: `For its flags, run:\n  ${program()} ${command} --help`,
    }));
}

/** Flags that cannot be given together. */
function flagConflicts({ command, switches }: Tokens): Issue[] {
  const both = (one: string, other: string): Issue[] =>
    switches.has(one) && switches.has(other)
      ? [
          {
            flag: `--${one}`,
            reason: `it cannot be combined with --${other}`,
            remedy: "Give only one of the two",
          },
        ]
      : [];
  return [
    ...(command === "detect" ? both("yaml", "json") : []),
    ...(command === "regenerate" ? both("overlap", "finish") : []),
  ];
}

function readGiven(values: Tokens["values"], issues: Issue[]): Given {
  const given: Given = {};
  for (const { key, flag, list } of QUESTIONS) {
    const texts = values.get(flag.slice(2));
    if (texts === undefined) continue;
    given[key] = list ? [...texts] : single(flag, texts, issues);
  }
  return given;
}

function readConflict(
  command: Command,
  texts: readonly string[] = ["ask"],
  issues: Issue[],
): Arguments["conflict"] {
  const value = single("--conflict", texts, issues);
  const row = flagsOf(command).run.find(({ name }) => name === "conflict");
  const choices = CONFLICT.filter(
    (name) => row?.choices?.includes(name) ?? true,
  );
  const choice = keyword(value, ...choices);
  if (choice === undefined)
    issues.push({
      flag: "--conflict",
      value,
      reason: "it is not one of the choices",
      remedy: `Choose ${choices.join(", ")}`,
    });
  return choice ?? "ask";
}

/** The flags that give answers. A file of answers is what a fleet is created from. */
export function answerFlags({
  given,
  answersFile,
  command,
  detect,
}: Arguments): string[] {
  const flags = QUESTIONS.filter(({ key }) => given[key] !== undefined).map(
    ({ flag }) => flag,
  );
  if (detect && given.ssh === undefined) flags.push("--detect");
  if (command === "regenerate" && answersFile !== undefined)
    flags.push("--answers");
  return flags;
}
