import { QUESTIONS } from "../answers/questions.ts";
import { type Question } from "../answers/types.ts";
import { ROWS, SHELLS, type CommandRow } from "./command-rows.ts";
import { RESOLUTIONS } from "../reconcile/request.ts";

/** How conflicts are resolved. */
export const CONFLICT = ["ask", ...RESOLUTIONS] as const;

export { SHELLS };
export type Shell = (typeof SHELLS)[number];

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
    commands: [...WRITERS, "detect"],
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
    name: "overlap",
    aside: true,
    shown: "--overlap",
    meaning: "keep old addresses too, until --finish",
    commands: ["regenerate"],
  },
  {
    name: "finish",
    aside: true,
    shown: "--finish",
    meaning: "end the overlap: only the new addresses stay",
    commands: ["regenerate"],
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
