// Adds up vitest's JSON reports: node .ci/total.js DIRECTORY BROKEN-STEPS
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [directory = ".", broken = "0"] = process.argv.slice(2);
const reports = readdirSync(directory)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({
    name,
    ...JSON.parse(readFileSync(join(directory, name), "utf8")),
  }));
const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
const passed = sum("numPassedTests");
const skipped = sum("numPendingTests") + sum("numTodoTests");
// Skipped tests are failures here: CI has everything that a test could miss.
const failed = Math.max(sum("numFailedTests") + skipped, Number(broken));

// What failed stands above in full, but of a long output often only the end is kept.
for (const { name, testResults } of reports)
  for (const file of testResults) {
    const bad = file.assertionResults.filter(
      ({ status }) => status !== "passed",
    );
    for (const { status, fullName, failureMessages = [] } of bad)
      console.log(
        `${status} (${name}): ${file.name}: ${fullName}\n${failureMessages.join("\n").slice(0, 4000)}`,
      );
    if (bad.length === 0 && file.status === "failed")
      console.log(`failed (${name}): ${file.name}\n${file.message}`);
  }
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
