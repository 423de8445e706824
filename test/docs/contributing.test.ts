import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { CHECKOUT } from "../support/run.ts";
import { documentText } from "../support/documents.ts";

const contributing = documentText("CONTRIBUTING.md");

/** The folders in its map, in that order. */
const mapped = [
  ...(contributing.split("## Folders of `src/`")[1] ?? "")
    .split("\n## ")[0]!
    .split("Two files are entry points")[0]!
    .matchAll(/^- `([a-z]+)\/`: \S/gm),
].map(([, folder]) => folder as string);

test("CONTRIBUTING.md has one line for each folder of src/", () => {
  const folders = readdirSync(join(CHECKOUT, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect([...mapped].sort()).toEqual(folders.sort());
});

test("the linter forbids each folder to import the ones below it in that map", () => {
  const { overrides } = JSON.parse(
    documentText(".oxlintrc.json"),
  ) as LintConfiguration;
  for (const [index, folder] of mapped.entries()) {
    const forbidden = overrides
      .filter(({ files }) => files.includes(`src/${folder}/**/*.ts`))
      .flatMap(({ rules }) => rules["no-restricted-imports"]?.[1].patterns)
      .flatMap((pattern) => pattern?.group ?? []);
    const below = mapped.slice(index + 1).map((name) => `**/${name}/**`);
    expect([folder, forbidden]).toEqual([folder, below]);
  }
});

interface LintConfiguration {
  overrides: {
    files: string[];
    rules: {
      "no-restricted-imports"?: ["error", { patterns: { group: string[] }[] }];
    };
  }[];
}

test("every file and folder that CONTRIBUTING.md names exists", () => {
  const named = [
    ...contributing.matchAll(
      /`((?:src|test|scripts|docs|templates|files|\.github)\/[^`\s]*)`/g,
    ),
  ].map(([, path]) => path as string);
  const missing = named.filter(
    (path) => !/[A-Z]{4}/.test(path) && !existsSync(join(CHECKOUT, path)),
  );
  expect(named.length).toBeGreaterThan(15);
  expect(missing).toEqual([]);
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
