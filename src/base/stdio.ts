import { fstatSync, writeSync } from "node:fs";
import { codeOf, OutputError } from "./errors.ts";

// The standard streams by file descriptor. Creating process.stdin, stdout and stderr takes longer than
// everything that a run prints.

/** Standard input, output and error (stdin(3)). */
type Descriptor = 0 | 1 | 2;

/** isatty(3). For a file or a pipe fstat(2) suffices, so that node:tty need not be loaded. */
export function isTerminal(descriptor: Descriptor): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch (error) {
    // Closed by the calling program.
    if (codeOf(error) === "EBADF") return false;
    throw error;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/** Whether questions can be asked. */
export const canAsk = (): boolean => isAtTerminal() && !isDumb();

/** Whether nothing can be asked only because of TERM=dumb: readline has no Backspace there. */
export const isDumbTerminal = (): boolean => isDumb() && isAtTerminal();

const isDumb = (): boolean => process.env["TERM"] === "dumb";
const isAtTerminal = (): boolean => isTerminal(1) && isTerminal(0);

/**
 * Writes a whole text, and waits while a pipe is full. A reader that closes the pipe is no error.
 * @throws OutputError if standard output can't be written; for standard error nothing can be reported
 */
export function write(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (codeOf(error) === "EPIPE") return;
      if (codeOf(error) !== "EAGAIN") {
        if (descriptor === 2) return;
        throw new OutputError(codeOf(error));
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
