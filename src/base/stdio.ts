import { fstatSync, writeSync } from "node:fs";
import { codeOf } from "./errors.ts";
import { OutputError } from "./errors.ts";

// The standard streams without process.stdin, stdout and stderr: to make those costs a run more than
// all that it prints.

/** Standard input, output, error (stdin(3)). */
export type Descriptor = 0 | 1 | 2;

/** isatty(3). A file or a pipe is told by fstat(2), without loading node:tty. */
export function isTerminal(descriptor: Descriptor): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch (error) {
    // Closed by who started us.
    if (codeOf(error) === "EBADF") return false;
    throw error;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/**
 * Whether questions can be asked. A dumb terminal has no Backspace in readline: an answer that was
 * refused couldn't be mended there.
 */
export function canAsk(): boolean {
  return isTerminal(1) && isTerminal(0) && process.env["TERM"] !== "dumb";
}

/**
 * Writes all of a text, waiting where a pipe is full. A reader that has seen enough is no error.
 * @throws OutputError where standard output refuses; of standard error nobody can be told
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
