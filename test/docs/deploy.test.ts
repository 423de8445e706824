import { expect, test } from "vitest";
import { EXITS } from "../../src/cli/commands/deploy.ts";
import { OUTCOMES } from "../../src/report/deploy-text.ts";
import { documentText, rowsOf } from "../support/documents.ts";

const deploy = documentText("docs/deploy.md");

test("docs/deploy.md names every outcome, and its exit code", () => {
  const rows = rowsOf(deploy, "| Outcome");
  const named = rows.map(([outcome = "", code]) => [
    outcome.replaceAll("`", ""),
    Number(code),
  ]);
  expect(Object.fromEntries(named)).toEqual(EXITS);
  expect(named).toHaveLength(Object.keys(OUTCOMES).length);
});
