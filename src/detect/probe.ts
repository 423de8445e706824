import { spawn, type ChildProcess } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { CancelledError, FailedError } from "../base/errors.ts";
import { lastLine, sshArguments, sshFailure } from "./ssh.ts";

export interface Limits {
  /** The maximum output, in bytes. */
  readonly most: number;
  /** Milliseconds until the first part (ssh logs in), and from there to the last one. */
  readonly loginMs: number;
  readonly answerMs: number;
}

/** The facts take a few kilobytes. A person at a terminal may have to look up a password. */
export const limitsFor = (terminal: boolean): Limits => ({
  most: 4 * 1024 * 1024,
  loginMs: terminal ? 180_000 : 40_000,
  answerMs: 20_000,
});

/**
 * Runs the probe script on this machine, or on another one over ssh, through standard input.
 * @param target USER@HOST, already parsed; undefined for this machine
 * @param cancelled ends the probe
 * @returns its output; if it does not end in time, the output so far
 * @throws FailedError if it cannot run, or prints too much; CancelledError
 */
export async function runProbe(
  script: string,
  marker: string,
  target: string | undefined,
  terminal: boolean,
  limits: Limits,
  cancelled?: AbortSignal,
): Promise<string> {
  const child =
    target === undefined
      ? // In its own process group, so that a hanging command is killed with it.
        spawn("sh", ["-s"], { stdio: "pipe", detached: true })
      : // ssh asks on the controlling terminal, so it stays in this process group.
        spawn("ssh", sshArguments(target, terminal), { stdio: "pipe" });
  const { output, stderr, error, overflow, late } = await collect(
    child,
    script,
    marker,
    limits,
    cancelled,
  );
  // The same Ctrl-C may have ended ssh first. That is not a failure of ssh.
  await setImmediate();
  if (cancelled?.aborted || child.signalCode === "SIGINT")
    throw new CancelledError();
  const place = target ?? "this machine";
  if (error) {
    throw new FailedError(
      `${target === undefined ? "sh" : "ssh"} cannot be started (${error.code ?? error.message})`,
      target === undefined
        ? "Run detect on a Linux server, or give --ssh user@host."
        : "Install the OpenSSH client.",
    );
  }
  if (overflow) {
    throw new FailedError(
      `${place} printed more than ${limits.most / 1024} KiB`,
      "The facts of a server take a few kilobytes; something else was printed.",
    );
  }
  if (output.includes(`@@${marker} begin `)) return output;
  if (late) {
    throw new FailedError(
      `${place} did not answer within ${limits.loginMs / 1000} s`,
      "Check that you can log in there without being asked anything.",
    );
  }
  // ssh(1): 255 comes from ssh itself, any other code from the server.
  if (target !== undefined && child.exitCode === 255)
    throw sshFailure(target, stderr);
  const said = lastLine(stderr) || lastLine(output);
  throw new FailedError(
    `${place} did not run the probe${said && `: ${said}`}`,
    "The login needs a shell that can run sh.",
  );
}

interface Collected {
  readonly output: string;
  readonly stderr: string;
  readonly error: NodeJS.ErrnoException | undefined;
  readonly overflow: boolean;
  /** The time was up before the first part. */
  readonly late: boolean;
}

function collect(
  child: ChildProcess,
  script: string,
  marker: string,
  { most, loginMs, answerMs }: Limits,
  cancelled?: AbortSignal,
): Promise<Collected> {
  return new Promise((resolve) => {
    const begin = `@@${marker} begin `;
    const chunks: Buffer[] = [];
    let length = 0;
    let stderr = "";
    let timer = setTimeout(() => end({ late: true }), loginMs);
    let begun = false;
    /** The end of the output so far, which may be the start of a marker. */
    let tail = "";
    const end = ({
      error,
      overflow = false,
      late = false,
    }: Partial<Collected>): void => {
      clearTimeout(timer);
      stop(child);
      const output = Buffer.concat(chunks).toString("utf8");
      resolve({ output, stderr, error, overflow, late });
    };
    child.stdout?.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > most) return end({ overflow: true });
      if (begun) return;
      tail += chunk.toString("latin1");
      begun = tail.includes(begin);
      tail = tail.slice(-begin.length);
      if (begun) {
        clearTimeout(timer);
        timer = setTimeout(() => end({}), answerMs);
      }
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString("utf8")).slice(-4096);
    });
    cancelled?.addEventListener("abort", () => end({}));
    child.on("error", (error) => end({ error }));
    child.on("close", () => end({}));
    // If the script is not read, the process has ended: `close` follows.
    child.stdin?.on("error", () => undefined).end(script);
  });
}

/** Kills the child and closes its pipes, which would keep this process running. */
function stop(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr])
    stream?.destroy();
  if (child.pid === undefined) return;
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.spawnfile === "sh") process.kill(-child.pid, "SIGKILL");
  else child.kill();
  child.unref();
}
