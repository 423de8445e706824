import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { questionOf, QUESTIONS } from "../../src/answers/questions.ts";
import { inPlace, recordedSsh } from "../../test/unit/detect/stand-in.ts";
import { COLUMNS, LINES, Screen, textOf, type Row } from "./screen.ts";

/** The screen for some time. The script sets the time, so that every recording is the same. */
export interface Frame {
  readonly rows: readonly Row[];
  readonly seconds: number;
  /** The column in the last row where text is typed. */
  readonly cursor?: number;
}

export const WORDS = {
  title:
    "create-kong-ipv6 creates a repository, and regenerate changes its prefix",
  description:
    "In a terminal, npx create-kong-ipv6 my-gateway is run. It asks for the ssh login of the server, root@203.0.113.10, reads its facts and offers them as defaults for the provider's IPv6 prefix, the server's address, the public Docker subnet and Kong's address. Each is accepted. It shows the whole plan and all files, writes them after a yes, and prints the next steps. Then npx create-kong-ipv6 regenerate my-gateway with another prefix is run. It lists the changed files, the DNS records and the next steps.",
};

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** A recorded server stands in for this one. */
const SERVER = "trixie-gateway-in-prefix";
const CREATE = ["my-gateway"];
const LOGIN = "root@203.0.113.10";
const REGENERATE = [
  "regenerate",
  "my-gateway",
  "--prefix",
  "2001:db8:a:b::/64",
];
const ENTER = "\r";
/** Seconds between two keys. */
const KEY = 0.05;

/**
 * Records the built command in a pseudo-terminal: create with the facts of a server, then regenerate with
 * another prefix. The files are written to a temporary directory.
 * @throws if the command prints something unexpected
 */
export async function record(): Promise<Frame[]> {
  const recording = new Recording();
  const directory = mkdtempSync(join(tmpdir(), "kong-ipv6-recording-"));
  try {
    // As a package: in a checkout, other commands are printed.
    for (const part of ["dist", "files"])
      cpSync(join(ROOT, part), join(directory, "package", part), {
        recursive: true,
      });
    // The first frame already shows the whole command: some viewers show only that one.
    await recording.print(`$ npx create-kong-ipv6 ${CREATE.join(" ")}`);
    recording.show(2, recording.column);
    await recording.print("\r\n");
    const create = new Command(CREATE, directory, recording.screen);
    recording.show(1.6, await create.asks(`? ${questionOf("ssh").meaning}: (`));
    for (let end = 1; end <= LOGIN.length; end += 1) {
      create.type(LOGIN.charAt(end - 1));
      recording.show(KEY, await create.asks("? ", LOGIN.slice(0, end)));
    }
    create.type(ENTER);
    for (const { meaning } of QUESTIONS.filter(({ first }) => first)) {
      recording.show(1.6, await create.asks(`? ${meaning}: (`));
      create.type(ENTER);
    }
    recording.show(1.2, await create.asks("? More settings? (y/N)"));
    create.type(ENTER);
    recording.show(5, await create.asks("? Write "));
    create.type(ENTER);
    await create.ended;
    recording.show(4);

    await recording.print("\r\n$ ");
    for (const key of `npx create-kong-ipv6 ${REGENERATE.join(" ")}`) {
      await recording.print(key);
      recording.show(KEY, recording.column);
    }
    recording.show(1, recording.column);
    await recording.print("\r\n");
    await new Command(REGENERATE, directory, recording.screen).ended;
    recording.show(10);
  } finally {
    rmSync(directory, { recursive: true });
  }
  return recording.frames;
}

class Recording {
  readonly frames: Frame[] = [];
  readonly screen = new Screen();

  async print(text: string): Promise<void> {
    await this.screen.write(text);
  }

  /** The cursor's column after typed text. */
  get column(): number {
    return textOf(this.screen.rows().at(-1)).length;
  }

  show(seconds: number, cursor?: number): void {
    const rows = this.screen.rows();
    this.frames.push({
      rows,
      seconds,
      ...(cursor === undefined ? {} : { cursor }),
    });
  }
}

class Command {
  readonly ended: Promise<void>;
  readonly #pty;
  readonly #screen: Screen;
  #drawn: Promise<void> = Promise.resolve();
  #changed = (): void => undefined;

  constructor(args: readonly string[], cwd: string, screen: Screen) {
    this.#screen = screen;
    const preload = join(ROOT, "scripts/recording/fixed-random.cjs");
    const cli = join(cwd, "package/dist/cli.cjs");
    this.#pty = spawn(process.execPath, ["--require", preload, cli, ...args], {
      cwd,
      cols: COLUMNS,
      rows: LINES,
      env: {
        PATH: inPlace(join(cwd, "bin"), { ssh: recordedSsh(SERVER) }),
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

  /** Waits until the last row is a question that starts and ends like this. @returns the cursor's column */
  async asks(start: string, end = ")"): Promise<number> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const row = textOf(this.#screen.rows().at(-1));
      if (row.startsWith(start) && row.endsWith(end))
        return row.length + (end === ")" ? 1 : 0);
      if (Date.now() > deadline) {
        this.#pty.kill();
        throw this.#unexpected(start);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#changed = () => (clearTimeout(timer), resolve());
      });
    }
  }

  #unexpected(wanted: string): Error {
    const shown = this.#screen.rows().map(textOf).join("\n");
    return new Error(`expected: ${wanted}\nprinted:\n${shown}`);
  }
}
