import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { plan } from "../../src/plan/plan.ts";
import { render } from "../../src/render/render.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { COLUMNS, LINES, Screen, textOf, type Row } from "./screen.ts";

/** The screen for some time: set by the script, not by the clock, so that each run gives the same. */
export interface Frame {
  readonly rows: readonly Row[];
  readonly seconds: number;
  /** The column in the last row where something is to be typed. */
  readonly cursor?: number;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PREFIX = "2a03:2222:3333:4444::/64";
const ENTER = "\r";
/** Seconds from one key to the next. */
const KEY = 0.06;

/**
 * The built command's conversation in a pseudo-terminal: the prefix typed, each default taken, and
 * the files written to a directory that is gone afterwards.
 * @throws if the command says anything else than what is waited for
 */
export async function record(): Promise<Frame[]> {
  const frames: Frame[] = [];
  const screen = new Screen();
  const show = (seconds: number, cursor?: number): void => {
    const rows = screen.rows();
    frames.push({ rows, seconds, ...(cursor === undefined ? {} : { cursor }) });
  };
  // What npx would run once the package is published is what is run here.
  await screen.write("$ ");
  show(0.8, 2);
  let column = 2;
  for (const key of "npx create-kong-ipv6 my-gateway") {
    await screen.write(key);
    show(KEY, ++column);
  }
  await screen.write("\r\n");

  const directory = mkdtempSync(join(tmpdir(), "kong-ipv6-recording-"));
  try {
    const command = new Command(directory, screen);
    const [prefix, ...rest] = QUESTIONS.filter(({ first }) => first);
    const asked = `? ${prefix?.meaning}: `;
    show(1.4, await command.asks(asked));
    let typed = asked;
    for (const key of PREFIX) {
      command.type(key);
      show(KEY, await command.asks((typed += key)));
    }
    const { answers } = resolve({ prefix: PREFIX });
    for (const { key, meaning } of rest)
      show(1.2, await command.next(`? ${meaning}: (${String(answers[key])}) `));
    show(1.2, await command.next("? More settings? (y/N) "));
    const count = render(plan(answers)).size;
    show(5, await command.next(`? Write ${count} files to my-gateway? (Y/n) `));
    command.type(ENTER);
    await command.ended;
    show(10);
  } finally {
    rmSync(directory, { recursive: true });
  }
  return frames;
}

class Command {
  readonly ended: Promise<void>;
  readonly #pty;
  readonly #screen: Screen;
  #drawn: Promise<void> = Promise.resolve();
  #changed = (): void => undefined;

  constructor(cwd: string, screen: Screen) {
    this.#screen = screen;
    const preload = join(ROOT, "scripts/recording/fixed-random.cjs");
    const cli = join(ROOT, "dist/cli.cjs");
    const args = ["--require", preload, cli, "my-gateway"];
    this.#pty = spawn(process.execPath, args, {
      cwd,
      cols: COLUMNS,
      rows: LINES,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: cwd,
        LANG: "C.UTF-8",
        TERM: "xterm-256color",
      },
    });
    this.#pty.onData((data) => {
      this.#drawn = screen.write(data).then(() => this.#changed());
    });
    this.ended = new Promise((resolve, reject) => {
      this.#pty.onExit(({ exitCode }) => {
        void this.#drawn.then(() =>
          exitCode === 0 ? resolve() : reject(this.#unexpected("an end")),
        );
      });
    });
    this.ended.catch(() => undefined);
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Takes what is offered, and waits for what is asked then. */
  next(row: string): Promise<number> {
    this.type(ENTER);
    return this.asks(row);
  }

  /** Waits until that is the last row. @returns its length: the cursor's column */
  async asks(row: string): Promise<number> {
    const deadline = Date.now() + 20_000;
    while (textOf(this.#screen.rows().at(-1)) !== row.trimEnd()) {
      if (Date.now() > deadline) {
        this.#pty.kill();
        throw this.#unexpected(row);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#changed = () => (clearTimeout(timer), resolve());
      });
    }
    return row.length;
  }

  #unexpected(wanted: string): Error {
    const shown = this.#screen.rows().map(textOf).join("\n");
    return new Error(`${wanted} was awaited, and this came:\n${shown}`);
  }
}
