import { parseArgs } from "node:util";
import { Refusal } from "../ip/address.ts";
import { QUESTIONS } from "../answers/questions.ts";
import { type AnswerKey } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import {
  COMMANDS,
  CONFLICT,
  flagsOf,
  RUN_FLAGS,
  SHELLS,
  type Command,
  type Shell,
} from "./flags.ts";
import { parseSshTarget } from "../answers/parse-names.ts";
import { likelyAnswers } from "../answers/did-you-mean.ts";
import { mistypedCommand, unknownFlag } from "./did-you-mean.ts";
import { printable } from "../base/escape.ts";
import type { Given } from "../answers/resolve.ts";

export interface Arguments {
  readonly command: Command;
  /** Whether the command was named: then --help is its own. */
  readonly named: boolean;
  readonly directory: string | undefined;
  /** Of completion. */
  readonly shell: Shell | undefined;
  /** Answers given by flag. */
  readonly given: Given;
  /** Answers that a flag which can't be read may have been meant to give: they are not missed. */
  readonly unread: readonly AnswerKey[];
  /** --answers FILE */
  readonly answersFile: string | undefined;
  /** --detect: what the server says is the default. */
  readonly detect: boolean;
  /** --ssh USER@HOST: where to look; undefined for this machine. */
  readonly ssh: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly json: boolean;
  readonly yaml: boolean;
  readonly conflict: (typeof CONFLICT)[number];
  readonly git: boolean;
  readonly color: boolean;
  readonly help: boolean;
  readonly version: boolean;
  /** Arguments that can't be used: told together with the answers that can't. */
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

/** Reads the command line. */
export function readArguments(argv: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(
        VALUED.map((name) => [name, { type: "string" as const }]),
      ),
      ...Object.fromEntries(
        SWITCHES.map(({ name, short }) => [
          name,
          { type: "boolean" as const, ...(short && { short }) },
        ]),
      ),
    },
  });
  const first = tokens.flatMap((token) =>
    token.kind === "positional" ? [token.value] : [],
  )[0];
  const word = COMMANDS.find((name) => name === first);
  const command = word ?? "create";
  const issues: Issue[] = [];
  const switches = new Map<string, boolean>();
  const values = new Map<string, string[]>();
  const directories: string[] = [];
  const unread: AnswerKey[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") directories.push(token.value);
    if (token.kind !== "option") continue;
    const negated =
      token.name.startsWith("no-") &&
      NEGATABLE.some(({ name }) => name === token.name.slice(3));
    const name = negated ? token.name.slice(3) : token.name;
    const known = SWITCHES.some((flag) => flag.name === name);
    if (known) {
      if (token.value === undefined) switches.set(name, !negated);
      else
        issues.push({
          flag: token.rawName,
          value: token.value,
          reason: "it takes no value",
          remedy: `Give ${token.rawName} alone`,
        });
    } else if (VALUED.includes(name)) {
      const value = token.value;
      if (
        value === undefined ||
        value === "" ||
        (value.startsWith("--") && !token.inlineValue)
      ) {
        issues.push({
          flag: token.rawName,
          reason: "its value is missing",
          remedy: `Write ${token.rawName} VALUE`,
        });
        const meant = QUESTIONS.find(({ flag }) => flag === token.rawName);
        if (meant) unread.push(meant.key);
      } else values.set(name, [...(values.get(name) ?? []), value]);
    } else {
      issues.push(unknownFlag(token.rawName, command));
      unread.push(...likelyAnswers(token.rawName));
    }
  }

  if (word !== undefined) directories.shift();
  const shell =
    command === "completion"
      ? shellOf(directories.splice(0), switches.has("help"), issues)
      : undefined;
  const taken = flagsOf(command);
  for (const name of [...switches.keys(), ...values.keys()]) {
    const flag = `--${name}`;
    if (taken.run.some((row) => row.name === name)) continue;
    if (taken.answers.some((question) => question.flag === flag)) continue;
    issues.push({
      flag,
      reason: `${command} does not take it`,
      remedy: `See create-kong-ipv6 ${command} --help`,
    });
  }

  const given: Given = {};
  for (const { key, flag, list } of QUESTIONS) {
    const texts = values.get(flag.slice(2));
    if (texts === undefined) continue;
    given[key] = list ? texts : single(flag, texts, issues);
  }
  const answersFile = values.get("answers");
  const conflict = single(
    "--conflict",
    values.get("conflict") ?? ["ask"],
    issues,
  );
  if (!isConflict(conflict)) {
    issues.push({
      flag: "--conflict",
      value: conflict,
      reason: "it is not one of the choices",
      remedy: `Choose ${CONFLICT.join(", ")}`,
    });
  }
  const ssh = sshOf(values.get("ssh"), issues);
  if (ssh !== undefined && command !== "detect" && !switches.has("detect")) {
    issues.push({
      flag: "--ssh",
      value: ssh,
      reason: "it says where --detect looks, which isn't there",
      remedy: "Give --detect too",
    });
  }
  if (command === "detect" && switches.has("json") && switches.has("yaml")) {
    issues.push({
      flag: "--yaml",
      reason: "--json is there too",
      remedy: "Give one of the two",
    });
  }
  if (word === undefined && first !== undefined)
    issues.push(...mistypedCommand(first, directories.length > 1));
  // What stands behind a flag that doesn't exist may be its value: not a directory too many.
  if (issues.length === 0) directoryIssues(command, directories, issues);
  return {
    command,
    named: word !== undefined,
    issues,
    directory: directories[0],
    shell,
    given,
    unread,
    answersFile: answersFile && single("--answers", answersFile, issues),
    detect: switches.get("detect") ?? false,
    ssh,
    yes: switches.get("yes") ?? false,
    dryRun: switches.get("dry-run") ?? false,
    diff: switches.get("diff") ?? false,
    json: switches.get("json") ?? false,
    yaml: switches.get("yaml") ?? false,
    conflict: isConflict(conflict) ? conflict : "ask",
    git: switches.get("git") ?? false,
    color: switches.get("color") ?? true,
    help: switches.get("help") ?? false,
    version: switches.get("version") ?? false,
  };
}

function isConflict(text: string): text is (typeof CONFLICT)[number] {
  return (CONFLICT as readonly string[]).includes(text);
}

/** Without one, or with another: named; --help needs none. */
function shellOf(
  words: readonly string[],
  help: boolean,
  issues: Issue[],
): Shell | undefined {
  const [first, second] = words;
  const shell = SHELLS.find((name) => name === first);
  const value = shell === undefined ? first : second;
  if ((shell === undefined && !help) || second !== undefined) {
    issues.push({
      flag: "completion",
      ...(value !== undefined && { value }),
      reason:
        value === undefined
          ? "the shell is missing"
          : shell === undefined
            ? "there is no completion for that"
            : "it is for one shell at a time",
      remedy: `Choose ${SHELLS.join(", ")}`,
    });
  }
  return shell;
}

function sshOf(
  texts: readonly string[] | undefined,
  issues: Issue[],
): string | undefined {
  if (texts === undefined) return undefined;
  const value = single("--ssh", texts, issues);
  try {
    return parseSshTarget(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, remedy } = error;
    issues.push({ flag: "--ssh", value, reason, remedy });
    return undefined;
  }
}

function single(
  flag: string,
  values: readonly string[],
  issues: Issue[],
): string {
  if (values.length > 1) {
    issues.push({
      flag,
      value: values.join(" and "),
      reason: "it is given more than once",
      remedy: "Give it once",
    });
  }
  return values[0] ?? "";
}

function directoryIssues(
  command: Command,
  directories: readonly string[],
  issues: Issue[],
): void {
  const [first, second] = directories;
  if (first !== undefined && command === "detect") {
    issues.push({
      flag: "directory",
      value: first,
      reason: "detect prints answers, and writes nothing",
      remedy: "Leave it out; a directory named detect is ./detect",
    });
  } else if (second !== undefined) {
    issues.push({
      flag: second,
      reason: "there is one directory at most",
      remedy: `${first} is one already`,
    });
  }
  if (first !== undefined && (first === "" || printable(first) !== first)) {
    issues.push({
      flag: "directory",
      value: first,
      reason: first === "" ? "it is empty" : "it has control characters",
      remedy: "Name a directory, like my-gateway",
    });
  }
}
