import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHECKOUT } from "./cli/run.ts";
import { documentText } from "./support/documents.ts";

const [, table = ""] =
  /^(\| Step .*?)\n\n/ms.exec(documentText("CONTRIBUTING.md")) ?? [];
const named = table
  .split("\n")
  .slice(2)
  .flatMap((row) => row.split("|")[2]?.match(/`[^`]+`/g) ?? [])
  .map((name) => name.slice(1, -1));

test("CONTRIBUTING.md names every module of src/ once", () => {
  const modules = readdirSync(join(CHECKOUT, "src"), { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
  const inside = named.filter((name) => !name.startsWith("../")).sort();
  expect(inside).toEqual(modules);
});

test("what it names beside src/ is there", () => {
  const beside = named.filter((name) => name.startsWith("../"));
  expect(beside.length).toBeGreaterThan(0);
  for (const name of beside)
    expect([name, existsSync(join(CHECKOUT, "src", name))]).toEqual([
      name,
      true,
    ]);
});
