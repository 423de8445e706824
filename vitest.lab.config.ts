import { defineConfig } from "vitest/config";
import { reporters } from "./test/reporters.ts";

/** `npm run test:lab`: root on Debian; see test/lab/README.md. */
export default defineConfig({
  test: {
    include: ["test/**/*.lab.test.ts"],
    globalSetup: ["test/lab/prepare.ts"],
    testTimeout: 600_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    reporters: reporters("test-lab"),
  },
});
