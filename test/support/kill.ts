import { mkdirSync, renameSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, Sandbox, type Options, type Result } from "./run.ts";

const PRELOAD = fileURLToPath(new URL("kill-preload.cjs", import.meta.url));

/** Runs the built command with kill-preload.cjs. @param at the change that kills it, 0 for none */
export function runKilled(
  sandbox: Sandbox,
  args: readonly string[],
  at = 0,
  { env = {}, ...options }: Options = {},
): Promise<Result> {
  return run(sandbox, args, {
    ...options,
    env: {
      NODE_OPTIONS: `--require=${PRELOAD}`,
      KILL_AT: String(at),
      ...env,
    },
  });
}

/** How often a whole run by runKilled changed the disk. */
export const changesOf = ({ stderr }: Result): number =>
  Number(/(\d+) changes/.exec(stderr)?.[1]);

/**
 * What SIGKILL leaves at each of many changes, by one run that is copied at each of them: to start one
 * for each costs many times as much. The process that was at it is gone, as a killed one is.
 */
export async function cutOffs(
  sandbox: Sandbox,
  args: readonly string[],
  points: readonly number[],
  options: Options = {},
): Promise<Map<number, Sandbox>> {
  const copies = join(sandbox.root, "copies");
  mkdirSync(copies);
  const env = {
    COPY_AT: points.join(),
    COPY_FROM: sandbox.cwd,
    COPY_TO: copies,
  };
  await runKilled(sandbox, args, 0, { ...options, env });
  return new Map(
    points.map((at) => {
      const copy = new Sandbox();
      rmdirSync(copy.cwd);
      renameSync(join(copies, String(at)), copy.cwd);
      return [at, copy];
    }),
  );
}
