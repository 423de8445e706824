import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CancelledError, FailedError } from "../base/errors.ts";
import { singleQuoted } from "../base/shell.ts";
import { clientCommand, helperCommand } from "./root-helper.ts";
import { lastLine, sshFailure } from "../detect/ssh.ts";

export interface Ended {
  /** ssh(1): 255 if the connection broke. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly input?: Buffer;
  /** Called with each whole line of standard output. */
  readonly onLine?: (line: string) => void;
}

/** In bytes. More is not from apply.sh. */
const MOST = 16 * 1024 * 1024;

/** One ssh connection, which all commands share. The user's configuration, agent and jump hosts apply. */
export class Connection {
  readonly target: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "kong-"));
  readonly #terminal: boolean;
  readonly #hostKey: string | undefined;
  /** How a command becomes root's. */
  #asRoot = (command: string): string => `sh -c ${singleQuoted(command)}`;
  /** The folder of the helper on the server that runs commands as root, if sudo asked for a password. */
  helper: string | undefined;

  private constructor(
    target: string,
    terminal: boolean,
    hostKey: string | undefined,
  ) {
    this.target = target;
    this.#terminal = terminal;
    this.#hostKey = hostKey;
  }

  /**
   * Logs in. ssh and sudo ask for their passwords themselves, at the terminal.
   * @param target USER@HOST, already parsed
   * @param hostKey the name of the server's host key, if the target is another address of the same server
   * @param helper of an earlier connection
   * @throws FailedError if that does not work, or if there is no way to become root
   */
  static async open(
    target: string,
    terminal: boolean,
    { hostKey, helper }: { hostKey?: string; helper?: string } = {},
  ): Promise<Connection> {
    const connection = new Connection(target, terminal, hostKey);
    try {
      if (!(await connection.#logIn())) await connection.#becomeRoot(helper);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Runs a command line of a POSIX shell as root. */
  run(command: string, options: RunOptions = {}): Promise<Ended> {
    return this.#ssh([this.#asRoot(command)], options);
  }

  /** As run(). @throws FailedError unless the command succeeds */
  async must(command: string, what: string, input?: Buffer): Promise<string> {
    const ended = await this.run(command, input === undefined ? {} : { input });
    if (ended.code === 0) return ended.stdout;
    if (ended.code === 255) throw sshFailure(this.target, ended.stderr);
    throw new FailedError(
      `${what} on ${this.target} failed: ${lastLine(ended.stderr) || `exit code ${ended.code}`}`,
      "The server is as it was.",
    );
  }

  /** Ends the helper too. A connection that was opened with it goes first. */
  async endHelper(): Promise<void> {
    if (this.helper === undefined) return;
    // Not through a new connection, for which ssh could ask for a password again.
    const { code } = await this.#ssh([], {}, ["-O", "check"]);
    if (code === 0) await this.#ssh([clientCommand(this.helper, "")], {});
  }

  async close(): Promise<void> {
    await this.#ssh([], {}, ["-O", "exit"]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The first command logs in, and leaves the connection in the background. @returns whether it is root's */
  async #logIn(): Promise<boolean> {
    const { code, stdout, stderr } = await this.#ssh(["id -u"], {});
    if (code !== 0 || !/^\d+$/m.test(stdout))
      throw sshFailure(this.target, stderr);
    return /^0$/m.test(stdout);
  }

  async #becomeRoot(helper: string | undefined): Promise<void> {
    const sudo = await this.#ssh(["sudo -n true"], {});
    if (sudo.code === 0) {
      this.#asRoot = (command) => `sudo -n sh -c ${singleQuoted(command)}`;
      return;
    }
    // A reboot ends the helper of an earlier connection.
    const isThere =
      helper !== undefined &&
      (await this.#ssh([clientCommand(helper, "true")], {})).code === 0;
    const folder = isThere ? helper : await this.#startHelper();
    this.helper = folder;
    this.#asRoot = (command) => clientCommand(folder, command);
    await this.must("true", "sudo");
  }

  /** sudo keeps a password for one terminal only: it is asked once, for a helper that runs all commands. */
  async #startHelper(): Promise<string> {
    const denied = new FailedError(
      `${this.target} is not root, and sudo did not accept this user`,
      "Log in as root, or run this at a terminal, where sudo can ask for a password.",
    );
    if (!this.#terminal) throw denied;
    const { stdout } = await this.#ssh(["umask 077; mktemp -d"], {});
    const folder = stdout.trim();
    if (!/^\/[\w./-]+$/.test(folder)) throw denied;
    const child = spawn(
      "ssh",
      ["-tt", ...this.#options(), "--", this.target, helperCommand(folder)],
      { stdio: "inherit" },
    );
    const code = await new Promise((resolve) => {
      child.on("error", () => resolve(1)).on("exit", resolve);
    });
    if (code !== 0) throw denied;
    return folder;
  }

  #ssh(
    command: readonly string[],
    { input, onLine }: RunOptions,
    more: readonly string[] = [],
  ): Promise<Ended> {
    const child = spawn(
      "ssh",
      ["-T", ...this.#options(), ...more, "--", this.target, ...command],
      { stdio: "pipe" },
    );
    return collected(child, input, onLine);
  }

  #options(): string[] {
    const set = {
      ControlMaster: "auto",
      // A run that is killed leaves nothing behind for longer.
      ControlPersist: "600",
      ControlPath: join(this.#folder, "s"),
      BatchMode: this.#terminal ? "no" : "yes",
      ConnectTimeout: "10",
      ServerAliveInterval: "5",
      ServerAliveCountMax: "3",
      ClearAllForwardings: "yes",
      PermitLocalCommand: "no",
      RemoteCommand: "none",
      ...(this.#hostKey !== undefined && { HostKeyAlias: this.#hostKey }),
    };
    const options = Object.entries(set).flatMap(([name, value]) => [
      "-o",
      `${name}=${value}`,
    ]);
    return ["-a", "-x", ...options];
  }
}

function collected(
  child: ChildProcess,
  input?: Buffer,
  onLine?: (line: string) => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr, rest, size] = ["", "", "", 0];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      size += text.length;
      if (size > MOST) return void child.kill();
      if (onLine === undefined) return void (stdout += text);
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-8192);
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        new FailedError(
          `ssh cannot be started (${error.code ?? error.message})`,
          "Install the OpenSSH client.",
        ),
      ),
    );
    // The connection in the background may keep standard error open: "close" would not come.
    child.on("exit", (code, signal) => {
      if (signal === "SIGINT") return reject(new CancelledError());
      setImmediate(() => {
        const end = (): void => {
          if (rest !== "") onLine?.(rest);
          child.stderr?.destroy();
          resolve({ code, stdout, stderr });
        };
        if (child.stdout?.readableEnded) end();
        else child.stdout?.once("close", end);
      });
    });
    child.stdin?.on("error", () => undefined).end(input ?? "");
  });
}
