/** Shells with completion. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

export interface CommandRow {
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
export const ROWS = {
  create: {
    operand: "[directory]",
    meaning: "create a repository; asks for missing answers",
    answers: true,
    examples: ["my-gateway", "my-gateway --prefix 2001:db8:1:2::/64 --yes"],
    exits: [3, 4, 130],
  },
  regenerate: {
    operand: "[directory]",
    meaning: "apply changed answers or newer templates",
    answers: true,
    examples: [
      "regenerate my-gateway --prefix 2001:db8:3:4::/64",
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
