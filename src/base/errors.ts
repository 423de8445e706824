import { printable, printableText } from "./escape.ts";

/** Exit codes of the command, as in docs/usage.md. */
export const EXIT = {
  done: 0,
  failed: 1,
  unusable: 2,
  conflicts: 3,
  changes: 4,
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One problem with one argument or answer. */
export interface Issue {
  /** The flag that gives the value, like `--kong`. */
  flag: string;
  /** The value as it was given; absent if nothing was given. */
  value?: string;
  /** Why it is refused, with the source of the rule, if there is one. */
  reason: string;
  /** What to do instead: names a value that works, if possible. A command is on an indented line of its own. */
  remedy: string;
}

/** Thrown for a text that is not a usable value. The message is the reason. */
export class Refusal extends Error {
  /** What to do instead. */
  readonly remedy: string;
  /** True if the remedy names only an example. A value that fits the other answers is better. */
  readonly isExample: boolean;
  /** The corrected value that the remedy names, if it could be derived from the refused one. */
  readonly corrected: string | undefined;

  constructor(
    reason: string,
    remedy: string,
    {
      isExample = false,
      corrected,
    }: { isExample?: boolean; corrected?: string } = {},
  ) {
    super(reason);
    this.remedy = remedy;
    this.isExample = isExample;
    this.corrected = corrected;
  }
}

/** The result of a parser, or undefined if it refuses the text. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** An error that the owner can act on. It is printed without a stack trace. */
export class KongIpv6Error extends Error {
  // Set by hand, because the built package shortens class names.
  static readonly name: string = "KongIpv6Error";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** Something outside the tool failed: no permission, no space, a file in the way. Exit 1. */
export class FailedError extends KongIpv6Error {
  static override readonly name: string = "FailedError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, EXIT.failed);
    this.remedy = remedy;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** Another run, or the owner, changed a file since it was read. Exit 1. */
export class ChangedError extends FailedError {
  static override readonly name = "ChangedError";

  constructor(path: string) {
    super(`${path} was changed meanwhile; nothing was written`, "Run again.");
  }
}

/** Files that undo would restore have been edited since. Exit 3. */
export class EditedError extends FailedError {
  static override readonly name = "EditedError";
  override readonly exitCode = EXIT.conflicts;
}

/**
 * The error for a file that the user may not read or change.
 * @returns undefined for any other error
 */
export function deniedError(error: unknown): FailedError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, syscall = "" } = error as NodeJS.ErrnoException;
  // The error of a program that may not be run has a path too: that of the program.
  if (!/^(EACCES|EPERM)$/.test(code) || !path || syscall.startsWith("spawn"))
    return undefined;
  const done = /^(open|scandir|l?stat)$/.test(syscall) ? "read" : "changed";
  return new FailedError(
    `${path} can't be ${done} (${code})`,
    "The file, or a directory above it, belongs to another user: run this as that user, or change the permissions.",
    { cause: error },
  );
}

/** Standard output can't be written: the disk is full, or the file refuses. Exit 1. */
export class OutputError extends FailedError {
  static override readonly name = "OutputError";

  constructor(code: string) {
    super(
      `the output can't be written (${code})`,
      "Redirect it elsewhere. The files of the repository may have been written already.",
    );
  }
}

/** All unusable arguments and answers of a run. Exit 2. */
export class UnusableError extends KongIpv6Error {
  static override readonly name = "UnusableError";
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(issueText).join("\n"), EXIT.unusable);
    this.issues = issues;
  }
}

/** The owner pressed Ctrl-C. Exit 130. */
export class CancelledError extends KongIpv6Error {
  static override readonly name = "CancelledError";
  constructor() {
    super("Cancelled: nothing was written.", EXIT.cancelled);
  }
}

/** `--kong 2001:db8::1: it is outside the prefix …. Try 2001:db8:…`: one line, except for commands in the remedy. */
export function issueText({ flag, value, reason, remedy }: Issue): string {
  const name = shortened(flag);
  const given = value === undefined ? name : `${name} ${displayed(value)}`;
  return `${printable(`${given}: ${reason}. `)}${printableText(remedy)}`;
}

/** A text with a full stop, unless a command ends it: the stop would be pasted with the command. */
export const sentence = (text: string): string =>
  /\n {2}[^\n]*$/.test(text) ? text : `${text}.`;

/** The value, in quotes if a reader could mistake its end. */
function displayed(value: string): string {
  const short = shortened(value);
  return /^[\w.:/@%,+=-]+$/.test(short) ? short : JSON.stringify(short);
}

const shortened = (text: string): string =>
  text.length > 80 ? `${text.slice(0, 77)}...` : text;

/** The code of a failed system call, like ENOSPC; for other errors their text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error
    ? String(error.code)
    : String(error);
}
