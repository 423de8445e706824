import { spawn, type ChildProcess } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { CancelledError, FailedError } from "../base/errors.ts";
import { lastLine, sshArguments, sshFailure } from "./ssh.ts";

export interface Limits {
  /** Bytes of output. */
  readonly most: number;
  /** Milliseconds until the first part, while ssh logs in; until the last one from there on. */
  readonly loginMs: number;
  readonly answerMs: number;
}

/** A server's routes are some kilobytes; a person at a terminal may have to look up a password. */
export const limitsFor = (terminal: boolean): Limits => ({
  most: 4 * 1024 * 1024,
  loginMs: terminal ? 180_000 : 40_000,
  answerMs: 20_000,
});

/**
 * Runs the probe here, or on another machine by ssh, the script on its standard input.
 * @param target user@host, read by names.ts; undefined for this machine
 * @param cancelled ends it
 * @returns what it printed. Where it didn't end in time, what there was until then
 * @throws FailedError where it can't be run at all, or prints more than a server would; CancelledError
 */
export async function runProbe(
  script: string,
  marker: string,
  target: string | undefined,
  terminal: boolean,
  limits = limitsFor(terminal),
  cancelled?: AbortSignal,
): Promise<string> {
  const child =
    target === undefined
      ? // A group of its own: a command in it that hangs is ended with it.
        spawn("sh", ["-s"], { stdio: "pipe", detached: true })
      : // ssh asks at its controlling terminal, which a new group wouldn't have.
        spawn("ssh", sshArguments(target, terminal), { stdio: "pipe" });
  const { output, stderr, error, overflow, late } = await collect(
    child,
    script,
    marker,
    limits,
    cancelled,
  );
  // ssh may have ended of the same Ctrl-C, and sooner: what it said about that is no failure.
  await setImmediate();
  if (cancelled?.aborted || child.signalCode === "SIGINT")
    throw new CancelledError();
  const place = target ?? "this machine";
  if (error) {
    throw new FailedError(
      `${target === undefined ? "sh" : "ssh"} can't be started (${error.code ?? error.message})`,
      target === undefined
        ? "detect runs on a Linux server, or there: --ssh user@host."
        : "Install OpenSSH's client.",
    );
  }
  if (overflow) {
    throw new FailedError(
      `${place} printed more than ${limits.most / 1024} KiB`,
      "A server's addresses and routes are some kilobytes: this is something else.",
    );
  }
  if (output.includes(`@@${marker} begin `)) return output;
  if (late) {
    throw new FailedError(
      `${place} did not answer within ${limits.loginMs / 1000} s`,
      "Does a login there end without a question?",
    );
  }
  // ssh(1): 255 is its own, all else the server's.
  if (target !== undefined && child.exitCode === 255)
    throw sshFailure(target, stderr);
  const said = lastLine(stderr) || lastLine(output);
  throw new FailedError(
    `${place} did not run the probe${said && `: ${said}`}`,
    "It takes a login whose shell runs sh.",
  );
}

interface Collected {
  readonly output: string;
  readonly stderr: string;
  readonly error: NodeJS.ErrnoException | undefined;
  readonly overflow: boolean;
  /** Its time was up before it had begun. */
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
    /** What may be the beginning of a marker. */
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
    // Who doesn't read the script has ended, or is about to: `close` tells.
    child.stdin?.on("error", () => undefined).end(script);
  });
}

/** Ends what hangs, and lets go of its pipes, which would keep this process. */
function stop(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr])
    stream?.destroy();
  if (child.pid === undefined) return;
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.spawnfile === "sh") process.kill(-child.pid, "SIGKILL");
  else child.kill();
  child.unref();
}
