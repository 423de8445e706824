import { parseArgs } from "node:util";
import { closest } from "fastest-levenshtein";
import { QUESTIONS } from "./answers.ts";
import type { Issue } from "./errors.ts";
import { printable } from "./printable.ts";
import type { Given } from "./resolve.ts";

/** What the owner may say beforehand about files in the way. */
const CONFLICT = ["ask", "keep", "theirs", "markers"] as const;

/** What stands as the first word; without one it is create. */
export const COMMANDS = ["create", "regenerate", "check", "undo"] as const;
export type Command = (typeof COMMANDS)[number];

/** Flags that a command doesn't take; those of answers count as "answers". */
const WITHOUT: Readonly<Record<Command, readonly string[]>> = {
  create: [],
  regenerate: ["git"],
  check: ["answers", "yes", "dry-run", "diff", "conflict", "git"],
  undo: ["answers", "yes", "diff", "git"],
};

/** A command of the contract that this version doesn't have yet: never taken for a directory. */
const NOT_YET = ["detect"];

export interface Arguments {
  readonly command: Command;
  readonly directory: string | undefined;
  /** Answers given by flag. */
  readonly given: Given;
  /** --answers FILE */
  readonly answersFile: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly json: boolean;
  readonly conflict: (typeof CONFLICT)[number];
  readonly git: boolean;
  readonly color: boolean;
  readonly help: boolean;
  readonly version: boolean;
  /** Arguments that can't be used: told together with the answers that can't. */
  readonly issues: readonly Issue[];
}

const SWITCHES = [
  "yes",
  "dry-run",
  "diff",
  "json",
  "git",
  "color",
  "help",
  "version",
];
const NEGATABLE = ["git", "color"];
const VALUED = ["answers", "conflict"];

/** Every flag there is, for --help, completion and "did you mean". */
export const FLAGS: readonly string[] = [
  ...QUESTIONS.map(({ flag }) => flag),
  ...[...SWITCHES, ...VALUED].map((name) => `--${name}`),
  ...NEGATABLE.map((name) => `--no-${name}`),
];

/** Reads the command line. */
export function readArguments(argv: readonly string[]): Arguments {
  const valued = [...VALUED, ...QUESTIONS.map(({ flag }) => flag.slice(2))];
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(
        SWITCHES.map((name) => [name, { type: "boolean" as const }]),
      ),
      ...Object.fromEntries(
        valued.map((name) => [name, { type: "string" as const }]),
      ),
      yes: { type: "boolean", short: "y" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "V" },
    },
  });
  const issues: Issue[] = [];
  const switches = new Map<string, boolean>();
  const values = new Map<string, string[]>();
  const directories: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") directories.push(token.value);
    if (token.kind !== "option") continue;
    const negated =
      token.name.startsWith("no-") && NEGATABLE.includes(token.name.slice(3));
    const name = negated ? token.name.slice(3) : token.name;
    if (SWITCHES.includes(name) && !(negated && token.value !== undefined)) {
      if (token.value === undefined) switches.set(name, !negated);
      else
        issues.push({
          flag: token.rawName,
          value: token.value,
          reason: "it takes no value",
          remedy: `Give ${token.rawName} alone`,
        });
    } else if (valued.includes(name)) {
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
      } else values.set(name, [...(values.get(name) ?? []), value]);
    } else issues.push(unknown(token.rawName));
  }

  const first = directories[0];
  const command = COMMANDS.find((name) => name === first) ?? "create";
  if (command === first) directories.shift();
  for (const name of [...switches.keys(), ...values.keys()]) {
    const kind = QUESTIONS.some(({ flag }) => flag === `--${name}`)
      ? "answers"
      : name;
    if (!WITHOUT[command].includes(kind)) continue;
    issues.push({
      flag: `--${name}`,
      reason: `${command} does not take it`,
      remedy: `See create-kong-ipv6 --help`,
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
  // What stands behind a flag that doesn't exist may be its value: not a directory too many.
  if (issues.length === 0) directoryIssues(directories, issues);
  return {
    command,
    issues,
    directory: directories[0],
    given,
    answersFile: answersFile && single("--answers", answersFile, issues),
    yes: switches.get("yes") ?? false,
    dryRun: switches.get("dry-run") ?? false,
    diff: switches.get("diff") ?? false,
    json: switches.get("json") ?? false,
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
  directories: readonly string[],
  issues: Issue[],
): void {
  const [first, second] = directories;
  if (first !== undefined && NOT_YET.includes(first)) {
    issues.push({
      flag: first,
      reason: "this version does not have that command yet",
      remedy: `For a directory of that name, write ./${first}`,
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

function unknown(flag: string): Issue {
  const near = closest(flag, [...FLAGS]);
  return {
    flag,
    reason: "there is no such flag",
    remedy: `Did you mean ${near}? --help lists them all`,
  };
}
