import { spawn } from "@lydell/node-pty";
import { CLI, environment, type Sandbox } from "./run.ts";

export const ENTER = "\r";
export const DOWN = "\u001b[B";
export const CTRL_C = "\u0003";
export const CTRL_Z = "\u001a";
export const CTRL_D = "\u0004";
/** Clears what a prompt holds. */
export const CTRL_U = "\u0015";

/** What is seen of a terminal's output: no escape sequences, no carriage returns. */
export function plain(output: string): string {
  return output.replace(/\p{Cc}\[[0-9;?]*[A-Za-z]/gu, "").replace(/\r/g, "");
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the built command. */
  readonly command?: readonly string[];
}

/** The command in a pseudo-terminal of 80 columns and 24 lines. */
export class Terminal {
  output = "";
  readonly ended: Promise<number>;
  readonly #pty;
  /** Up to where the output was looked at. */
  #seen = 0;
  #changed = (): void => undefined;
  #over = false;

  constructor(
    sandbox: Sandbox,
    args: readonly string[],
    { cwd, env, command }: Options = {},
  ) {
    const [file, ...rest] = command ?? [process.execPath, CLI];
    this.#pty = spawn(file as string, [...rest, ...args], {
      cwd: cwd ?? sandbox.cwd,
      cols: 80,
      rows: 24,
      env: environment(sandbox, { TERM: "xterm-256color", ...env }),
    });
    this.#pty.onData((data) => {
      this.output += data;
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        // The last output may come behind the exit, on a busy machine.
        setTimeout(() => {
          this.#over = true;
          this.#changed();
          // As a shell tells of it.
          resolve(signal ? 128 + signal : exitCode);
        }, 100);
      });
    });
  }

  /** Waits for a text after what was waited for before. @returns what came up to its end */
  async see(text: string): Promise<string> {
    const deadline = Date.now() + 45_000;
    for (;;) {
      const unseen = plain(this.output).slice(this.#seen);
      const at = unseen.indexOf(text);
      if (at >= 0) {
        this.#seen += at + text.length;
        return unseen.slice(0, at + text.length);
      }
      const left = deadline - Date.now();
      if (this.#over || left <= 0)
        throw new Error(
          `${JSON.stringify(text)} did not come after ${JSON.stringify(unseen)}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed = () => (clearTimeout(timer), resolve());
      });
    }
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Ends it, where it hasn't ended by itself. */
  kill(): void {
    if (!this.#over) this.#pty.kill("SIGKILL");
  }

  /** Waits for a prompt, and answers it. */
  async answer(prompt: string, text = ""): Promise<string> {
    const seen = await this.see(prompt);
    this.type(text + ENTER);
    return seen;
  }
}
