import { QUESTIONS } from "../answers/questions.ts";
import { type Question } from "../answers/types.ts";
import { RESOLUTIONS } from "../reconcile/request.ts";

/** How conflicts are resolved. */
export const CONFLICT = ["ask", ...RESOLUTIONS] as const;

/** Shells with completion. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

interface CommandRow {
  /** What follows the command. */
  readonly operand: string;
  /** One line, for the list of commands. */
  readonly meaning: string;
  /** Whether it takes a flag per answer. */
  readonly answers: boolean;
  /** Arguments, for its --help. */
  readonly examples: readonly string[];
  /** Which exit codes it can have besides 0, 1 and 2. */
  readonly exits: readonly (3 | 4 | 130)[];
  /** What they mean, where that differs from the other commands. */
  readonly exitMeanings?: Readonly<Record<number, string>>;
}

/** One row per command: parsing, --help and completion read it. Without a command, it is create. */
const ROWS = {
  create: {
    operand: "[directory]",
    meaning: "create a repository; asks for missing answers",
    answers: true,
    examples: [
      "my-gateway",
      "my-gateway --prefix 2a03:2222:3333:4444::/64 --yes",
    ],
    exits: [3, 4, 130],
  },
  regenerate: {
    operand: "[directory]",
    meaning: "apply changed answers or newer templates",
    answers: true,
    examples: [
      "regenerate my-gateway --prefix 2a03:5555:6666:7777::/64",
      "regenerate my-gateway --dry-run --diff",
    ],
    exits: [3, 4, 130],
  },
  check: {
    operand: "[directory]",
    meaning: "compare a repository with its answers, validate it",
    answers: false,
    examples: ["check my-gateway", "check --json"],
    exits: [4],
  },
  undo: {
    operand: "[directory]",
    meaning: "undo the last write; run again to redo",
    answers: false,
    examples: ["undo my-gateway --dry-run", "undo my-gateway"],
    exits: [3, 4],
  },
  detect: {
    operand: "",
    meaning: "print the facts of this server as answers",
    answers: false,
    examples: ["detect", "detect --ssh root@192.0.2.10"],
    exits: [],
  },
  deploy: {
    operand: "[directory]",
    meaning: "copy to the server, apply, and confirm or revert",
    answers: false,
    examples: ["deploy my-gateway", "deploy my-gateway --ssh root@192.0.2.10"],
    exits: [4, 130],
    exitMeanings: {
      0: "confirmed, or nothing to change",
      1: "failed, refused or reverted",
      4: "--dry-run: there are changes",
    },
  },
  probe: {
    operand: "[directory]",
    meaning: "test from here that only the right ports answer",
    answers: false,
    examples: ["probe my-gateway", "probe my-gateway --json"],
    exits: [4],
    exitMeanings: {
      0: "everything is as promised",
      1: "failed, or not everything could be tested",
      4: "something is not as promised",
    },
  },
  completion: {
    operand: SHELLS.join("|"),
    meaning: "print a shell completion script",
    answers: false,
    examples: ["completion bash", "completion zsh"],
    exits: [],
  },
} satisfies Record<string, CommandRow>;

export type Command = keyof typeof ROWS;
export const COMMAND_ROWS: Readonly<Record<Command, CommandRow>> = ROWS;
export const COMMANDS = Object.keys(ROWS) as readonly Command[];

/** A flag that is not an answer. */
export interface RunFlag {
  readonly name: string;
  readonly short?: string;
  /** The name of its value. A flag without it takes no value. */
  readonly metavar?: string;
  readonly choices?: readonly string[];
  /** Not listed in the general help, which must fit on one screen. */
  readonly aside?: true;
  /** It also has a --no- form. */
  readonly negatable?: true;
  /** As --help shows it. */
  readonly shown: string;
  readonly meaning: string;
  readonly commands: readonly Command[];
}

const WRITERS: readonly Command[] = ["create", "regenerate"];

/** One row per flag that is not an answer: parsing, --help and completion read it. */
export const RUN_FLAGS: readonly RunFlag[] = [
  {
    name: "yes",
    short: "y",
    shown: "-y, --yes",
    meaning: "ask nothing, use the defaults",
    commands: [...WRITERS, "deploy"],
  },
  {
    name: "answers",
    metavar: "FILE",
    shown: "--answers FILE",
    meaning: "read answers from JSON or YAML (-: standard input)",
    commands: WRITERS,
  },
  {
    name: "detect",
    shown: "--detect",
    meaning: "use facts of this server as defaults",
    commands: WRITERS,
  },
  {
    name: "ssh",
    aside: true,
    metavar: "USER@HOST",
    shown: "--ssh USER@HOST",
    meaning: "the server's login",
    commands: ["detect", "deploy"],
  },
  {
    name: "dry-run",
    shown: "--dry-run",
    meaning: "write nothing, report what would change",
    commands: ["create", "regenerate", "undo", "deploy"],
  },
  {
    name: "diff",
    aside: true,
    shown: "--diff",
    meaning: "show the differences",
    commands: WRITERS,
  },
  {
    name: "json",
    aside: true,
    shown: "--json",
    meaning: "report as JSON; never ask",
    commands: [
      "create",
      "regenerate",
      "check",
      "undo",
      "detect",
      "deploy",
      "probe",
    ],
  },
  {
    name: "path",
    aside: true,
    metavar: "DIR",
    shown: "--path DIR",
    meaning: "directory on the server (default /opt/kong-ipv6)",
    commands: ["deploy"],
  },
  {
    name: "confirm-within",
    aside: true,
    metavar: "SECONDS",
    shown: "--confirm-within S",
    meaning: "then the server reverts (default 120 seconds)",
    commands: ["deploy"],
  },
  {
    name: "keep",
    aside: true,
    shown: "--keep",
    meaning: "confirm in spite of a failed probe",
    commands: ["deploy"],
  },
  {
    name: "timeout",
    aside: true,
    metavar: "SECONDS",
    shown: "--timeout SECONDS",
    meaning: "wait so long for each answer (default 5)",
    commands: ["probe"],
  },
  {
    name: "yaml",
    aside: true,
    shown: "--yaml",
    meaning: "print YAML, each answer with its source",
    commands: ["detect"],
  },
  {
    name: "conflict",
    aside: true,
    metavar: "WHAT",
    choices: ["ask", "theirs"],
    shown: "--conflict theirs",
    meaning: "undo even if files were edited since",
    commands: ["undo"],
  },
  {
    name: "conflict",
    metavar: "WHAT",
    choices: CONFLICT,
    shown: "--conflict WHAT",
    meaning: "conflicts: ask, keep, theirs or markers",
    commands: WRITERS,
  },
  {
    name: "git",
    aside: true,
    negatable: true,
    shown: "--git, --no-git",
    meaning: "create a git repository, or not (default)",
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
    meaning: "show this help; each command has its own",
    commands: COMMANDS,
  },
  {
    name: "version",
    short: "V",
    shown: "-V, --version",
    meaning: "show the version",
    commands: COMMANDS,
  },
];

/** Every flag, for "Did you mean". */
export const FLAGS: readonly string[] = [
  ...new Set([
    ...QUESTIONS.map(({ flag }) => flag),
    ...RUN_FLAGS.flatMap(spellings),
  ]),
];

/** Every flag with one letter. */
export const SHORT: readonly string[] = RUN_FLAGS.flatMap(({ short }) =>
  short === undefined ? [] : [`-${short}`],
);

/** `--git`, and `--no-git` if it exists. */
export function spellings({ name, negatable }: RunFlag): string[] {
  return negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

/** The possible values of a flag; undefined if there are none, or any text will do. */
export function possibleValues({
  choices,
  metavar = "",
}: Pick<RunFlag, "choices" | "metavar">): readonly string[] | undefined {
  if (choices) return choices;
  // Of ADDRESS|any|none, the lower-case words.
  const words = metavar.split("|").filter((word) => /^[a-z]+$/.test(word));
  return words.length > 0 ? words : undefined;
}

/** The flags that a command takes. */
export function flagsOf(command: Command): {
  answers: readonly Question[];
  run: readonly RunFlag[];
} {
  return {
    answers: COMMAND_ROWS[command].answers ? QUESTIONS : [],
    run: RUN_FLAGS.filter(({ commands }) => commands.includes(command)),
  };
}
