import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { must, type Ran, run, type RunOptions } from "./run.ts";

/**
 * A network namespace, held open by one sleeping process. The kernel ends that process with this one
 * (PR_SET_PDEATHSIG), and the namespace, its links and routes with it: nothing is left on the machine even where
 * this process is killed. Links are made inside, so the machine's own network is never touched.
 */
export class Namespace {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<Namespace> {
    const script =
      "hostname lab; ip link set lo up && echo ready && exec sleep infinity";
    const holder = spawn(
      "setpriv",
      ["--pdeathsig", "KILL", "unshare", "--net", "--uts", "sh", "-c", script],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = once(holder, "exit").then(() => {
      throw new Error("lab: a network namespace could not be made");
    });
    await Promise.race([once(holder.stdout, "data"), ended]);
    ended.catch(() => undefined);
    return new Namespace(holder);
  }

  /** ID of the holding process: `nsenter -n -t <pid>` enters the namespace. */
  get pid(): number {
    return this.#holder.pid!;
  }

  /** The path that other programs open the namespace with. */
  get path(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** Runs one of this machine's programs in the namespace: own network, the machine's files. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ran> {
    return run(this.argv(argv), options);
  }

  /** As `run`, and throws unless the program succeeds. */
  must(argv: readonly string[], options?: RunOptions): Promise<string> {
    return must(this.argv(argv), options);
  }

  /** Starts a program in the background (a capture, a probe). It ends with the test's process at the latest. */
  start(argv: readonly string[]): ChildProcess {
    const [program, ...args] = this.argv(argv);
    return spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Runs several `ip` commands, one per line, in one batch. */
  async ip(lines: readonly string[]): Promise<void> {
    await this.must(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }

  /** Ends the holder. The kernel removes the namespace once no other process is in it. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null)
      return;
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
  }

  /** What runs a program in the namespace. */
  argv(argv: readonly string[]): string[] {
    const enter = ["nsenter", `--net=${this.path}`];
    return ["setpriv", "--pdeathsig", "KILL", ...enter, ...argv];
  }
}
