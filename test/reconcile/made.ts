import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import {
  PREFIX,
  run,
  Sandbox,
  snapshot,
  type Options,
  type Result,
  type Snapshot,
} from "../support/run.ts";
import { runIn } from "../support/in-process.ts";

export const OLD = "2a03:2222:3333:4444";
export const NEXT = "2a0d:9999:aaaa:bbbb";
export const TO = ["--prefix", `${NEXT}::/64`];
export const STATE = ".kong-ipv6.json";

/**
 * A generated repository, gw/ in a sandbox, and the command in it: from its sources within this
 * process, or built, in a process of its own.
 */
export class Made {
  readonly sandbox = new Sandbox();
  readonly #built: boolean;

  constructor({ built = false } = {}) {
    this.#built = built;
  }

  async make(...more: string[]): Promise<this> {
    const all = [
      ...PREFIX,
      "--internal-prefix",
      "fd4c:8a1e:92b7::/64",
      ...more,
    ];
    const { code, stderr } = await this.#call(["gw", ...all], this.sandbox.cwd);
    if (code !== 0) throw new Error(stderr);
    return this;
  }

  path(path = ""): string {
    return this.sandbox.path("gw", path);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  write(path: string, text: string): void {
    writeFileSync(this.path(path), text);
  }

  edit(path: string, change: (text: string) => string): void {
    this.write(path, change(this.read(path)));
  }

  /** What the owner sees: all but what the last write keeps for undo. */
  tree(): Snapshot {
    return snapshot(this.path(), [".kong-ipv6.undo", ".git"]);
  }

  /** @param options given: the built command, for they are about its process */
  run(args: readonly string[], options?: Options): Promise<Result> {
    if (options === undefined) return this.#call(args, this.path());
    return run(this.sandbox, args, { cwd: "gw", ...options });
  }

  async #call(args: readonly string[], cwd: string): Promise<Result> {
    if (this.#built)
      return run(this.sandbox, args, { cwd: relative(this.sandbox.cwd, cwd) });
    return runIn(this.sandbox, args, cwd);
  }

  regenerate(...args: string[]): Promise<Result> {
    return this.run(["regenerate", ...args]);
  }

  /** The state as an object, changed and written back. */
  tamper(change: (state: Record<string, any>) => void): void {
    const state = JSON.parse(this.read(STATE)) as Record<string, any>;
    change(state);
    this.write(STATE, JSON.stringify(state));
  }
}

/** An edit that no merge can settle: the very line that changes is the owner's too. */
export function conflicting(made: Made): void {
  made.edit("docker-compose.yml", (text) =>
    text.replace("image: kong-ipv6:local", "image: mine:1"),
  );
}
