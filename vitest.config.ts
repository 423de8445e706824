import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { reporters } from "./test/reporters.ts";
import { countBranches } from "./test/support/count-branches.ts";

const FILES = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.ts") && !path.endsWith(".lab.test.ts"))
  .map((path) => `test/${path}`);

const holding = (pattern: RegExp): string[] =>
  FILES.filter((path) => pattern.test(readFileSync(path, "utf8")));

/** Test files that mock modules. */
const apart = holding(/\bvi\.mock\(/);
/** What runs the command line in its own process (test/support/in-process.ts), all with the same modules replaced. */
const inProcess = holding(/\/made\.ts"|in-process/).filter(
  (path) => !apart.includes(path),
);

/** `npm test`: needs only Node. The tests that need root and Debian hosts are the lab's. */
export default defineConfig({
  // properties.test.ts and disk.test.ts read the counts.
  plugins: [countBranches("src/reconcile/")],
  test: {
    // Many start a Node, or a table of them: on a busy machine that takes its time.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: 3,
    globalSetup: ["test/support/scratch.ts"],
    reporters: reporters(process.env["REPORT"] ?? "npm-test"),
    projects: [
      { extends: true, test: { name: "apart", include: apart } },
      {
        extends: true,
        test: {
          name: "together",
          include: FILES.filter(
            (path) => !apart.includes(path) && !inProcess.includes(path),
          ),
          // In one process: starting one per file would take longer than the tests.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: "in-process", include: inProcess, isolate: false },
      },
    ],
  },
});
