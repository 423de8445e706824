import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { reporters } from "./test/reporters.ts";

const FILES = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.ts") && !path.endsWith(".lab.test.ts"))
  .map((path) => `test/${path}`);

/** What replaces modules, or the working directory, for itself. */
const ITS_OWN = /\bvi\.|\/made\.ts"|in-process/;
const apart = FILES.filter((path) => ITS_OWN.test(readFileSync(path, "utf8")));

/** `npm test`: needs only Node. The tests that need root and Debian hosts are the lab's. */
export default defineConfig({
  test: {
    // Many start a Node, or a table of them: on a busy machine that takes its time.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: 2,
    globalSetup: ["test/support/scratch.ts"],
    reporters: reporters(process.env["REPORT"] ?? "npm-test"),
    projects: [
      { extends: true, test: { name: "apart", include: apart } },
      {
        extends: true,
        test: {
          name: "together",
          include: FILES.filter((path) => !apart.includes(path)),
          // One after the other in one process: to start one for each costs more than they do.
          isolate: false,
        },
      },
    ],
  },
});
