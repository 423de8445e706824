import { QUESTIONS } from "../answers/questions.ts";
import { type Question } from "../answers/types.ts";
import { RESOLUTIONS } from "../reconcile/request.ts";

/** What stands as the first word; without one it is create. */
export const COMMANDS = [
  "create",
  "regenerate",
  "check",
  "undo",
  "detect",
  "completion",
] as const;
export type Command = (typeof COMMANDS)[number];

/** What the owner may say beforehand about files in the way. */
export const CONFLICT = ["ask", ...RESOLUTIONS] as const;

/** Those that there is completion for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export interface CommandRow {
  /** What stands behind the command. */
  readonly operand: string;
  /** One line, for the list of commands. */
  readonly meaning: string;
  /** Whether it takes a flag per answer. */
  readonly answers: boolean;
  /** Arguments, for its --help. */
  readonly examples: readonly string[];
  /** Which exit codes it can have besides 0, 1 and 2. */
  readonly exits: readonly (3 | 4 | 130)[];
}

/** One row per command: parsing, --help and completion read it. */
export const COMMAND_ROWS: Readonly<Record<Command, CommandRow>> = {
  create: {
    operand: "[directory]",
    meaning: "write a repository; asks for what is left open",
    answers: true,
    examples: [
      "my-gateway",
      "my-gateway --prefix 2a03:2222:3333:4444::/64 --yes",
    ],
    exits: [3, 4, 130],
  },
  regenerate: {
    operand: "[directory]",
    meaning: "bring changed answers or newer templates into it",
    answers: true,
    examples: [
      "regenerate my-gateway --prefix 2a03:5555:6666:7777::/64",
      "regenerate my-gateway --dry-run --diff",
    ],
    exits: [3, 4, 130],
  },
  check: {
    operand: "[directory]",
    meaning: "is it consistent with its answers, and valid?",
    answers: false,
    examples: ["check my-gateway", "check --json"],
    exits: [4],
  },
  undo: {
    operand: "[directory]",
    meaning: "take the last write back; again, do it anew",
    answers: false,
    examples: ["undo my-gateway --dry-run", "undo my-gateway"],
    exits: [3, 4],
  },
  detect: {
    operand: "",
    meaning: "print what this server says about itself, as answers",
    answers: false,
    examples: ["detect", "detect --ssh root@192.0.2.10"],
    exits: [],
  },
  completion: {
    operand: SHELLS.join("|"),
    meaning: "print what makes the shell complete it",
    answers: false,
    examples: ["completion bash", "completion zsh"],
    exits: [],
  },
};

/** A flag that says how to run, not what to write. */
export interface RunFlag {
  readonly name: string;
  readonly short?: string;
  /** What stands behind it; without it the flag takes no value. */
  readonly metavar?: string;
  readonly choices?: readonly string[];
  /** Without a row of its own in the general help, which is a screen. */
  readonly aside?: true;
  /** There is a --no- form too. */
  readonly negatable?: true;
  /** As --help shows it. */
  readonly shown: string;
  readonly meaning: string;
  readonly commands: readonly Command[];
}

const WRITERS: readonly Command[] = ["create", "regenerate"];

/** One row per flag that is no answer: parsing, --help and completion read it. */
export const RUN_FLAGS: readonly RunFlag[] = [
  {
    name: "yes",
    short: "y",
    shown: "-y, --yes",
    meaning: "ask nothing, take defaults",
    commands: WRITERS,
  },
  {
    name: "answers",
    metavar: "FILE",
    shown: "--answers FILE",
    meaning: "read answers from JSON or YAML",
    commands: WRITERS,
  },
  {
    name: "detect",
    shown: "--detect",
    meaning: "defaults from what this server says",
    commands: WRITERS,
  },
  {
    name: "ssh",
    aside: true,
    metavar: "USER@HOST",
    shown: "--ssh USER@HOST",
    meaning: "look at that server, not at this machine",
    commands: ["create", "regenerate", "detect"],
  },
  {
    name: "dry-run",
    shown: "--dry-run",
    meaning: "write nothing, say what would change",
    commands: ["create", "regenerate", "undo"],
  },
  {
    name: "diff",
    aside: true,
    shown: "--diff",
    meaning: "show every difference",
    commands: WRITERS,
  },
  {
    name: "json",
    aside: true,
    shown: "--json",
    meaning: "report as JSON, ask nothing",
    commands: ["create", "regenerate", "check", "undo", "detect"],
  },
  {
    name: "yaml",
    aside: true,
    shown: "--yaml",
    meaning: "answers as YAML, each with its source",
    commands: ["detect"],
  },
  {
    name: "conflict",
    metavar: "WHAT",
    choices: CONFLICT,
    shown: "--conflict WHAT",
    meaning: "files in the way: ask, keep, theirs or markers",
    commands: ["create", "regenerate", "undo"],
  },
  {
    name: "git",
    aside: true,
    negatable: true,
    shown: "--git, --no-git",
    meaning: "make it a git repository (default: no)",
    commands: ["create"],
  },
  {
    name: "color",
    negatable: true,
    shown: "--no-color",
    meaning: "no colours (NO_COLOR does the same)",
    commands: COMMANDS,
  },
  {
    name: "help",
    short: "h",
    shown: "-h, --help",
    meaning: "this; each command has its own",
    commands: COMMANDS,
  },
  {
    name: "version",
    short: "V",
    shown: "-V, --version",
    meaning: "the version",
    commands: COMMANDS,
  },
];

/** Every flag there is, for "did you mean". */
export const FLAGS: readonly string[] = [
  ...QUESTIONS.map(({ flag }) => flag),
  ...RUN_FLAGS.flatMap(spellings),
];

/** Every flag of one letter. */
export const SHORT: readonly string[] = RUN_FLAGS.flatMap(({ short }) =>
  short === undefined ? [] : [`-${short}`],
);

/** `--git`, and `--no-git` where there is one. */
export function spellings({ name, negatable }: RunFlag): string[] {
  return negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

/** What can stand behind a flag; undefined where that can't be known, or nothing stands there. */
export function valuesOf({
  choices,
  metavar = "",
}: Pick<RunFlag, "choices" | "metavar">): readonly string[] | undefined {
  if (choices) return choices;
  // ADDRESS|any|none: its words.
  const words = metavar.split("|").filter((word) => /^[a-z]+$/.test(word));
  return words.length > 0 ? words : undefined;
}

/** What a command takes. */
export function flagsOf(command: Command): {
  answers: readonly Question[];
  run: readonly RunFlag[];
} {
  return {
    answers: COMMAND_ROWS[command].answers ? QUESTIONS : [],
    run: RUN_FLAGS.filter(({ commands }) => commands.includes(command)),
  };
}
