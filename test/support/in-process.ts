import { vi } from "vitest";
import { refuseUnpasteable } from "./pasteable.ts";
import type { Result, Sandbox } from "./run.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const printed = { 1: "", 2: "" };
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command line from its sources within this process, one at a time: many times cheaper than
 * a new process, for what is not about the process itself.
 * @param cwd where it is called; without it paths have to be absolute
 */
export function runHere(
  argv: readonly string[],
  cwd = process.cwd(),
): Promise<Ended> {
  const mine = last.then(async () => {
    const call = await main();
    printed[1] = printed[2] = "";
    const before = process.cwd();
    process.chdir(cwd);
    try {
      const code = await call(argv);
      refuseUnpasteable(printed[1], printed[2]);
      return { code, stdout: printed[1], stderr: printed[2] };
    } finally {
      process.chdir(before);
    }
  });
  last = mine.catch(() => undefined);
  return mine;
}

/** The same in a sandbox, with what `run` of test/support/run.ts gives. */
export async function runIn(
  sandbox: Sandbox,
  argv: readonly string[],
  cwd = sandbox.cwd,
): Promise<Result> {
  const ended = await runHere(argv, cwd);
  return {
    ...ended,
    signal: null,
    get tree() {
      return sandbox.tree();
    },
  };
}

let loaded: Promise<typeof import("../../src/cli/main.ts")> | undefined;

async function main(): Promise<typeof import("../../src/cli/main.ts").main> {
  if (loaded === undefined) {
    vi.doMock("../../src/base/stdio.ts", () => ({
      isTerminal: () => false,
      canAsk: () => false,
      isDumbTerminal: () => false,
      write: (descriptor: 1 | 2, text: string) =>
        void (printed[descriptor] += text),
    }));
    // All at once: in the next test file what is loaded later would have the real ones.
    loaded = Promise.all([
      import("../../src/cli/main.ts"),
      import("../../src/cli/commands/create.ts"),
      import("../../src/cli/commands/regenerate.ts"),
      import("../../src/cli/commands/check.ts"),
      import("../../src/cli/commands/undo.ts"),
      import("../../src/cli/commands/completion.ts"),
      import("../../src/cli/commands/detect.ts"),
      import("../../src/cli/commands/fleet.ts"),
      import("../../src/fleet/detect.ts"),
      import("../../src/fleet/inspect.ts"),
      import("../../src/fleet/undo.ts"),
      import("../../src/report/outcome-json.ts"),
      import("../../src/report/outcome-text.ts"),
      import("../../src/reconcile/prepare.ts"),
      import("../../src/reconcile/commit.ts"),
      import("../../src/reconcile/merge-edits.ts"),
      import("../../src/detect/detected-defaults.ts"),
    ]).then(([first]) => first);
  }
  return (await loaded).main;
}
