import { defineConfig } from "vitest/config";
import { reporters } from "./test/reporters.ts";

/** `npm test`: needs only Node. The tests that need root and Debian hosts are the lab's. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.lab.test.ts"],
    testTimeout: 60_000,
    maxWorkers: 2,
    reporters: reporters("npm-test"),
  },
});
