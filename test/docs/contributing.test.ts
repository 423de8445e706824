import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { CHECKOUT } from "../cli/run.ts";
import { documentText } from "../support/documents.ts";

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

test("no workflow and no document named npm run test:nodes: newer Nodes were promised only", () => {
  const { jobs } = parse(documentText(".github/workflows/ci.yml"));
  const steps: { run?: string; with?: Record<string, unknown> }[] =
    jobs.test.steps;
  const commands = steps.flatMap(({ run }) => run ?? []);
  expect(commands.slice(-4)).toEqual([
    "npm ci --ignore-scripts",
    "npm run format:check",
    "npm test",
    "npm run test:nodes",
  ]);
  // The oldest is the one that all is run on.
  const oldest = /\d+/.exec(manifest.engines.node)?.[0];
  const node = steps.find((step) => step.with?.["node-version"]);
  expect(String(node?.with?.["node-version"])).toBe(oldest);
  const newer = documentText("scripts/nodes.ts").match(/(?<=")\d\d(?=")/g);
  expect(documentText("CONTRIBUTING.md")).toContain(
    `Node ${newer?.join(", ").replace(/, (?=\d+$)/, " and ")}`,
  );
});
