import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { refuseUnpasteable } from "./pasteable.ts";

export const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

/** The built command (`npm run build`; `npm test` does it first). */
export const CLI = join(CHECKOUT, "dist/cli.cjs");

/** The answer that alone is enough. */
export const PREFIX = ["--prefix", "2a03:2222:3333:4444::/64"];

/** Under CI=true a program that is missing is a failure, not a skip. */
export const CI = process.env["CI"] === "true";

/** Everything below a directory: path to `file 0644 text`, `dir 0755` or `link target`. */
export type Snapshot = Record<string, string>;

/** It goes with all that the tests leave in TMPDIR (test/support/scratch.ts). */
function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "t-"));
  chmodSync(path, 0o755);
  return path;
}

/** A home, and beside it a directory to run in. Both are looked at, and are gone after the tests. */
export class Sandbox {
  readonly root = temporary();
  readonly cwd = join(this.root, "cwd");

  /** @param files what is in cwd at first: path to text; a path that ends in / is a directory */
  constructor(files: Readonly<Record<string, string | Buffer>> = {}) {
    mkdirSync(join(this.root, "home"));
    mkdirSync(this.cwd);
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.cwd, path);
      mkdirSync(path.endsWith("/") ? target : dirname(target), {
        recursive: true,
      });
      if (!path.endsWith("/")) writeFileSync(target, content);
    }
  }

  path(...parts: string[]): string {
    return join(this.cwd, ...parts);
  }

  read(...parts: string[]): string {
    return readFileSync(this.path(...parts), "utf8");
  }

  /** Everything there is, in cwd, beside it, and in the home. */
  tree(): Snapshot {
    return snapshot(this.root);
  }
}

export function snapshot(
  root: string,
  without: readonly string[] = [],
): Snapshot {
  const found: Snapshot = {};
  const walk = (relative: string): void => {
    for (const name of readdirSync(join(root, relative)).sort()) {
      const path = join(relative, name);
      if (without.includes(path)) continue;
      const stat = lstatSync(join(root, path));
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
      if (stat.isSymbolicLink())
        found[path] = `link ${readlinkSync(join(root, path))}`;
      else if (stat.isDirectory()) {
        found[path] = `dir ${mode}`;
        walk(path);
      } else
        found[path] = `file ${mode} ${contentOf(join(root, path), stat.mode)}`;
    }
  };
  walk("");
  return found;
}

function contentOf(path: string, mode: number): string {
  return mode & 0o400 ? readFileSync(path, "latin1") : "";
}

/** A tree without its passwords, for comparing two runs. */
export function redacted(tree: Snapshot): Snapshot {
  return Object.fromEntries(
    Object.entries(tree).map(([path, content]) => [
      path,
      content.replace(/^(KONG_PG_PASSWORD=)[0-9a-f]{64}$/m, "$1<random>"),
    ]),
  );
}

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Everything in the sandbox afterwards. */
  readonly tree: Snapshot;
}

export interface Options {
  /** Below the sandbox's cwd. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Not root, where the tests are run by root: nothing stops root. */
  readonly unprivileged?: boolean;
  /** A shell command line around the run: `"$@"` stands for it. */
  readonly shell?: string;
}

/** Runs the built command without a terminal. */
export async function run(
  sandbox: Sandbox,
  args: readonly string[],
  { cwd = "", env = {}, input = "", unprivileged, shell }: Options = {},
): Promise<Result> {
  const command = [
    process.execPath,
    unprivileged ? readableCli() : CLI,
    ...args,
  ];
  const [file, ...rest] = shell
    ? ["bash", "-c", shell, "bash", ...command]
    : command;
  const child = spawn(file as string, rest, {
    cwd: sandbox.path(cwd),
    env: environment(sandbox, env),
    ...(unprivileged && process.getuid?.() === 0 ? NOBODY : {}),
  });
  child.stdin.on("error", () => undefined).end(input);
  const stdout = text(child.stdout);
  const stderr = text(child.stderr);
  const [code, signal] = await new Promise<
    [number | null, NodeJS.Signals | null]
  >((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...ended) => resolve(ended));
  });
  refuseUnpasteable(await stdout, await stderr);
  return {
    code,
    signal,
    stdout: await stdout,
    stderr: await stderr,
    // Looked at when asked for: another run may be at it now.
    get tree() {
      return sandbox.tree();
    },
  };
}

const NOBODY = { uid: 65534, gid: 65534 };

/** Nothing of the machine that the tests run on: no colours, no CI, no git identity. */
export function environment(
  sandbox: Sandbox,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: join(sandbox.root, "home"),
    LANG: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    ...more,
  };
}

/** A copy of the command that another user can read wherever the checkout lies. */
function readableCli(): string {
  if (readable === undefined) {
    readable = temporary();
    for (const folder of ["dist", "files"])
      cpSync(join(CHECKOUT, folder), join(readable, folder), {
        recursive: true,
      });
    writeFileSync(join(readable, "package.json"), '{"type":"module"}');
  }
  return join(readable, "dist/cli.cjs");
}

let readable: string | undefined;

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) all += String(chunk);
  return all;
}

/** Runs jobs a few at a time: as many as the machine has processors, and one more. */
export async function batched<T, R>(
  items: readonly T[],
  job: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await job(item, index);
  };
  await Promise.all([worker(), worker(), worker()]);
  return results;
}
