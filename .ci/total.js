// Adds up vitest's JSON reports: node .ci/total.js DIRECTORY BROKEN-STEPS
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [directory = ".", broken = "0"] = process.argv.slice(2);
const reports = readdirSync(directory)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
const passed = sum("numPassedTests");
const skipped = sum("numPendingTests") + sum("numTodoTests");
// Skipped tests are failures here: CI has everything that a test could miss.
const failed = Math.max(sum("numFailedTests") + skipped, Number(broken));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
