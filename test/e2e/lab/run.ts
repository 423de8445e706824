import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";

/** The result of a program. A program ended by a signal has the code 128 + the signal's number, as in a shell. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Text for the program's standard input; without it the input is empty. */
  input?: string | undefined;
  /** Instead of `input`: a file to read. */
  inputFile?: string | undefined;
  /** Working directory. */
  cwd?: string | undefined;
  /** Variables added to this process's own. */
  env?: Record<string, string | undefined>;
  /** Milliseconds until the program is killed (default: 10 minutes). */
  timeoutMs?: number | undefined;
}

const SIGNALS: Partial<Record<NodeJS.Signals, number>> = {
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

/** Runs a program to its end. Does not throw for its exit code, only if it can't be started. */
export function run(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("run: no program given");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      // SHLVL: the first bash whose input is a socket, such as Node's pipes, reads ~/.bashrc (bash(1), INVOCATION).
      env: { ...process.env, LC_ALL: "C.UTF-8", SHLVL: "2", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout
      .setEncoding("utf8")
      .on("data", (text: string) => (stdout += text));
    child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (stderr += text));
    const timeoutMs = options.timeoutMs ?? 600_000;
    const timer = setTimeout(() => {
      stderr += `\nlab: killed after ${timeoutMs} ms: ${argv.join(" ")}\n`;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? 128 + ((signal && SIGNALS[signal]) ?? 0),
        stdout,
        stderr,
      });
    });
    // A program may end without reading its input: this closes the pipe, and is not an error.
    child.stdin.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") reject(error);
    });
    if (options.inputFile === undefined) child.stdin.end(options.input ?? "");
    else
      createReadStream(options.inputFile).on("error", reject).pipe(child.stdin);
  });
}

/**
 * The same command with real pipes for its input and outputs. Node's pipes are sockets: a script that opens /dev/stdin
 * or /dev/stderr works over ssh, but fails with sockets.
 */
export const throughPipes = (
  argv: readonly string[],
  { input, inputFile }: RunOptions,
): string[] => {
  const from = input === undefined && !inputFile ? "/dev/null" : "<(cat)";
  const script = `exec "$@" < ${from} > >(cat) 2> >(cat >&2)`;
  return ["bash", "-c", script, "lab", ...argv];
};

/** Runs a program that must succeed. Returns its standard output; throws with both outputs if it fails. */
export async function must(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0)
    throw new Error(`${argv.join(" ")}\nexit ${code}\n${stdout}${stderr}`);
  return stdout;
}
