import { printable } from "./escape.ts";

/** Exit codes of the command; README lists the same. */
export const EXIT = {
  done: 0,
  failed: 1,
  unusable: 2,
  conflicts: 3,
  changes: 4,
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One thing wrong with one argument or answer, in the owner's terms. */
export interface Issue {
  /** The flag it was, or would be, given with: `--kong`. */
  flag: string;
  /** What was given, as given; absent where nothing was. */
  value?: string;
  /** Why it can't be, with the rule's source where there is one. */
  reason: string;
  /** What would do instead. */
  remedy: string;
}

/** An error that the owner can act on: printed without a stack trace. */
export class KongIpv6Error extends Error {
  // By name, because the built package's class names are shortened: an error is printed by it.
  static readonly name: string = "KongIpv6Error";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** Something outside refused: no permission, no space, a file in the way. Exit 1. */
export class FailedError extends KongIpv6Error {
  static override readonly name: string = "FailedError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, EXIT.failed);
    this.remedy = remedy;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** Files that were to be taken back, and hold edits of the owner's since. Exit 3. */
export class EditedError extends FailedError {
  static override readonly name = "EditedError";
  override readonly exitCode = EXIT.conflicts;
}

/** A file, or a directory above it, that is another user's: no defect of ours. */
export function deniedError(error: unknown): FailedError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, syscall = "" } = error as NodeJS.ErrnoException;
  // What is started and may not be has a path too, its own.
  if (!/^(EACCES|EPERM)$/.test(code) || !path || syscall.startsWith("spawn"))
    return undefined;
  const done = /^(open|scandir|l?stat)$/.test(syscall) ? "read" : "changed";
  return new FailedError(
    `${path} can't be ${done} (${code})`,
    "It is another user's, or lies below what is: run this as that user, or change who may.",
    { cause: error },
  );
}

/** What was to be printed can't be: standard output is full, or refuses. Exit 1. */
export class OutputError extends FailedError {
  static override readonly name = "OutputError";

  constructor(code: string) {
    super(
      `the output can't be written (${code})`,
      "Send it elsewhere. If files were to be written, they may be there already.",
    );
  }
}

/** Arguments or answers that can't be used, all of one run together. Exit 2. */
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

/** `--kong 2001:db8::1: it is outside … Try --kong 2001:db8:…`, on one line. */
export function issueText({ flag, value, reason, remedy }: Issue): string {
  const name = shortened(flag);
  const given = value === undefined ? name : `${name} ${displayed(value)}`;
  return printable(`${given}: ${reason}. ${remedy}`);
}

function displayed(value: string): string {
  const short = shortened(value);
  return /^[\w.:/@%,+=-]+$/.test(short) ? short : JSON.stringify(short);
}

const shortened = (text: string): string =>
  text.length > 80 ? `${text.slice(0, 77)}...` : text;

/** The error code of a failed system call: ENOSPC, EACCES … */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error
    ? String(error.code)
    : String(error);
}
