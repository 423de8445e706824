import { existsSync, statfsSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { reporters } from "./test/reporters.ts";

/** `npm test`: needs only Node. The tests that need root and Debian hosts are the lab's. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.lab.test.ts"],
    testTimeout: 60_000,
    maxWorkers: 2,
    reporters: reporters(process.env["REPORT"] ?? "npm-test"),
    env: inMemory(),
  },
});

/** Thousands of small files are written and thrown away: in memory, where there is room for them. */
function inMemory(): Record<string, string> {
  if (!existsSync("/dev/shm")) return {};
  const { bavail, bsize } = statfsSync("/dev/shm");
  return bavail * bsize > 2 ** 30 ? { TMPDIR: "/dev/shm" } : {};
}
