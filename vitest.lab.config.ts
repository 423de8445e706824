import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { reporters } from "./test/reporters.ts";

/** What takes longest begins first, so that the others fit beside it; names as in a path. */
const FIRST = [
  "matrix/matrix",
  "matrix/deliveries",
  "server/killed",
  "server/apply",
  "server/renumber",
  "server/owner",
  "server/refusals",
  "server/mended",
  "server/firewall",
  "server/power-cut",
  "matrix/broken",
  "lab/itself",
  "server/advertised",
];

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = FIRST.findIndex((name) => moduleId.includes(`/${name}.`));
      return found < 0 ? FIRST.length : found;
    };
    return Promise.resolve(files.toSorted((a, b) => place(a) - place(b)));
  }
}

/** `npm run test:lab`: root on Debian; see test/e2e/lab/README.md. */
export default defineConfig({
  test: {
    include: ["test/**/*.lab.test.ts"],
    globalSetup: ["test/e2e/lab/prepare.ts"],
    testTimeout: 600_000,
    hookTimeout: 900_000,
    // A host mostly waits: the matrix has two at a time, two other files have one each beside them.
    maxWorkers: 3,
    // No file leaves anything behind in its process: the next one can have it.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    reporters: reporters("test-lab"),
  },
});
