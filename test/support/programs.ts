import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const found = new Map<string, boolean>();

/** Whether a program is on this machine's PATH. */
export function has(program: string): boolean {
  let there = found.get(program);
  if (there === undefined) {
    there = spawnSync(program, ["--version"]).error === undefined;
    found.set(program, there);
  }
  return there;
}

/** A test that needs a program: skipped where there is none, but under CI=true that is a failure. */
export function testWith(
  program: string,
  name: string,
  body: () => void | Promise<void>,
): void {
  if (has(program) || process.env["CI"] === "true") {
    test(name, async () => {
      expect(has(program), `${program} is not installed`).toBe(true);
      await body();
    });
  } else test.skip(`${name} (no ${program} here)`);
}

/** What a program says about a file, empty where it has nothing to say. */
export function complaints(
  program: string,
  args: readonly string[],
  cwd: string,
): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return status === 0 ? "" : `${stdout}${stderr}` || `exit ${status}`;
}
