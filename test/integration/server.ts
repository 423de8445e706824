import { rmSync } from "node:fs";
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import {
  exampleAnswers,
  exampleTree,
  scenarios,
} from "../../scripts/examples.ts";
import { planOf, type Plan } from "../../src/plan/plan.ts";
import { inRoot } from "../e2e/lab/in-root.ts";
import { type Generation, type Root, rootOf } from "../e2e/lab/roots.ts";
import { writeTree } from "../support/trees.ts";
import type { Ran } from "../e2e/lab/run.ts";

/** A generated repository of examples/, and the plan that all its files must match. */
export interface Example {
  name: string;
  repo: string;
  plan: Plan;
}

export const examples: Example[] = await Promise.all(
  scenarios().map(async (name) => {
    const repo = await mkdtemp(join(tmpdir(), `kong-ipv6-${name}-`));
    // Several test files share this process, and with it this module.
    process.once("exit", () => rmSync(repo, { recursive: true, force: true }));
    writeTree(repo, exampleTree(name));
    return { name, repo, plan: planOf(exampleAnswers(name)) };
  }),
);

export const example = (name: string): Example =>
  examples.find((one) => one.name === name)!;

/** One deliberate mistake in a generated file. */
export interface Breakage {
  file: string;
  from: string | RegExp;
  to: string;
}

export interface ServerOptions {
  /** Interfaces of the server; default: the example's uplink. */
  interfaces?: readonly string[];
  broken?: Breakage | undefined;
  /** Further files in the copied repository: path → text. */
  files?: Record<string, string>;
}

/** Copies everything below host/ to its place, and keeps the modes. */
export const INSTALL = "cp -a host/. /";

export const PASSWORD = "not-to-be-printed-5f1d";

const roots = new Map<Generation, Promise<Root>>();

export function root(generation: Generation): Promise<Root> {
  const found = roots.get(generation) ?? rootOf(generation);
  roots.set(generation, found);
  return found;
}

/**
 * Runs bash commands one after another on a server with a copy of the example's repository in /srv/gw. Files get the
 * modes of apply.sh where git does not keep them. Each command sees the files and processes of the previous ones.
 */
export async function server(
  generation: Generation,
  { repo, plan }: Example,
  options: ServerOptions,
  commands: readonly string[],
): Promise<Ran[]> {
  const system = await root(generation);
  return oneOfFew(async () => {
    const copy = await mkdtemp(join(tmpdir(), "kong-ipv6-consumers-"));
    try {
      await cp(repo, copy, { recursive: true });
      await edit(copy, ".env", "<secret>", PASSWORD, plan.postgres);
      for (const [path, text] of Object.entries(options.files ?? {}))
        await writeFile(join(copy, path), text, { mode: 0o600 });
      if (options.broken) {
        const { file, from, to } = options.broken;
        await edit(copy, file, from, to);
      }
      if (plan.host) await chmod(join(copy, NETPLAN), 0o600);
      const ran = await inRoot(
        system,
        {
          binds: [{ source: copy, target: "/srv/gw", writable: true }],
          interfaces: options.interfaces ?? [plan.uplink.name],
          cwd: "/srv/gw",
        },
        ["bash", "-c", EACH, "server", ...commands],
      );
      return split(ran, commands.length);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
}

export const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";

/** Runs commands that must succeed and print nothing on stderr; returns their output. */
export async function served(
  generation: Generation,
  example: Example,
  options: ServerOptions,
  commands: readonly string[],
): Promise<string[]> {
  const all = await server(generation, example, options, commands);
  const quiet = { code: 0, stderr: "" };
  expect(
    all.map(({ code, stderr }, index) => ({
      command: commands[index],
      code,
      stderr,
    })),
  ).toEqual(commands.map((command) => ({ command, ...quiet })));
  return all.map(({ stdout }) => stdout);
}

const EACH = `for command; do
  code=0
  ( eval "$command" ) >/tmp/stdout 2>/tmp/stderr </dev/null || code=$?
  printf '%s\\0' "$code"; cat /tmp/stdout; printf '\\0'; cat /tmp/stderr; printf '\\0'
done`;

function split({ code, stdout, stderr }: Ran, count: number): Ran[] {
  const fields = stdout.split("\0");
  if (code !== 0 || fields.length !== 3 * count + 1)
    throw new Error(`the server failed with ${code}:\n${stderr}${stdout}`);
  return Array.from({ length: count }, (_, index) => ({
    code: Number(fields[3 * index]),
    stdout: fields[3 * index + 1]!,
    stderr: fields[3 * index + 2]!,
  }));
}

async function edit(
  folder: string,
  file: string,
  from: string | RegExp,
  to: string,
  needed = true,
): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, "utf8");
  const edited = text.replace(from, to);
  if (needed && edited === text)
    throw new Error(`${file} holds nothing like ${String(from)}`);
  await writeFile(path, edited);
}

/** Some tests mostly wait, so several can run at once; but the machine has only two cores. */
let free = 3;
const waiting: (() => void)[] = [];

async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((go) => waiting.push(go));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
}

/** Debian's two compose commands. */
export async function compose(generation: Generation): Promise<string> {
  const { versions } = await root(generation);
  return versions.compose.startsWith("1.")
    ? "docker-compose"
    : "docker compose";
}
