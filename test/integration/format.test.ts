import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { format, getFileInfo } from "prettier";
import { beforeAll, describe, expect, test } from "vitest";
import { exampleTree, scenarios } from "../../scripts/examples.ts";
import { STATE_FILE } from "../../src/repository/state.ts";
import type { Tree } from "../../src/render/render.ts";
import { cases } from "../support/arbitrary.ts";
import { complaints, testWith } from "../support/programs.ts";
import { announceSeed, SEED } from "../support/seed.ts";
import { generated, temporary, writeTree } from "../support/trees.ts";

beforeAll(announceSeed);

const examples = scenarios().map((scenario): [string, Tree] => [
  scenario,
  exampleTree(scenario),
]);

const random = (count: number): [string, Tree][] =>
  fc
    .sample(cases, { seed: SEED, numRuns: count })
    .map(({ answers }, index) => [`random ${index}`, generated(answers).tree]);

/** Cells of Markdown tables without padding: the generator prints them so. */
const unpadded = (markdown: string): string =>
  markdown.replaceAll(/^\|.*\|$/gm, (row) =>
    row.replaceAll(/-{3,}/g, "---").replaceAll(/ +\|/g, " |"),
  );

describe("prettier would change no file, except for the padding of Markdown tables", () => {
  const parsers = new Map<string, string | null>();
  const clean = new Set<string>();

  /** Checks as `prettier --check` in the repository would, with the parser chosen by file name. */
  async function flaws(trees: [string, Tree][]): Promise<string[]> {
    const found: string[] = [];
    for (const [name, tree] of trees) {
      for (const [path, { text }] of tree) {
        // The state is JSON.stringify's: only the generator reads it.
        if (path === STATE_FILE) continue;
        if (!parsers.has(path))
          parsers.set(path, (await getFileInfo(path)).inferredParser);
        const parser = parsers.get(path);
        if (!parser || clean.has(text)) continue;
        const formatted = await format(text, { parser, filepath: path });
        const expected =
          parser === "markdown" ? unpadded(formatted) : formatted;
        if (expected === text) clean.add(text);
        else found.push(`${name}: ${path}`);
      }
    }
    return found;
  }

  test("in all examples", async () => {
    expect(await flaws(examples)).toEqual([]);
    // Make sure that these files were checked.
    const checked = [...parsers].filter(([, parser]) => parser !== null);
    expect(checked.map(([path]) => basename(path)).sort()).toEqual(
      expect.arrayContaining([
        "60-kong-ipv6.yaml",
        "README.md",
        "daemon.json",
        "docker-compose.yml",
        "kong.yml",
      ]),
    );
  });

  test("in 30 random repositories", { timeout: 60_000 }, async () => {
    expect(await flaws(random(30))).toEqual([]);
  });
});

describe("shell scripts of all examples and 20 random repositories", () => {
  const trees = [...examples, ...random(20)];
  const isShell = (path: string): boolean => path.endsWith(".sh");

  /** Writes each different text once: only plan.sh differs between repositories. */
  function unique(): { directory: string; files: string[] } {
    const directory = temporary();
    const seen = new Map<string, string>();
    for (const [, tree] of trees) {
      for (const [path, { text }] of tree) {
        if (!isShell(path) || seen.has(text)) continue;
        const file = `${seen.size}-${basename(path)}`;
        seen.set(text, file);
        writeFileSync(join(directory, file), text);
      }
    }
    return { directory, files: [...seen.values()] };
  }

  test("are the same in every repository, except plan.sh", () => {
    const texts = new Map<string, Set<string>>();
    for (const [, tree] of trees) {
      for (const [path, { text }] of tree) {
        if (!path.startsWith("scripts/")) continue;
        texts.set(path, (texts.get(path) ?? new Set()).add(text));
      }
    }
    expect(texts.get("scripts/lib/plan.sh")?.size).toBe(trees.length);
    for (const [path, found] of texts)
      if (path !== "scripts/lib/plan.sh")
        expect([path, found.size]).toEqual([path, 1]);
    expect([...texts.keys()].filter(isShell).length).toBeGreaterThan(5);
  });

  testWith("bash", "are valid bash", () => {
    const { directory, files } = unique();
    // `bash -n` takes one file: a loop costs one process instead of many.
    const loop = 'for file; do bash -n "$file" || exit 1; done';
    expect(complaints("bash", ["-c", loop, "-", ...files], directory)).toBe("");
  });

  testWith("shfmt", "are formatted as shfmt does", () => {
    const { directory, files } = unique();
    expect(complaints("shfmt", ["-d", ...files], directory)).toBe("");
  });

  testWith("shellcheck", "are clean under shellcheck", () => {
    const [, whole] = trees[0] as [string, Tree];
    const directory = temporary();
    writeTree(
      directory,
      new Map([...whole].filter(([path]) => path.startsWith("scripts/"))),
    );
    const scripts = [...whole.keys()].filter(isShell);
    // Check every other plan.sh too: scripts source it by this name.
    const plans = trees.map(([, tree], index) => {
      const file = join("plans", String(index), "plan.sh");
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(
        join(directory, file),
        tree.get("scripts/lib/plan.sh")?.text ?? "",
      );
      return file;
    });
    expect(
      complaints("shellcheck", ["-x", ...scripts, ...plans], directory),
    ).toBe("");
  });

  testWith("python3", "the Python files next to them compile", () => {
    const directory = temporary();
    const [, tree] = trees[0] as [string, Tree];
    writeTree(directory, tree);
    const files = [...tree.keys()].filter((path) => path.endsWith(".py"));
    expect(files.length).toBeGreaterThan(0);
    const compile =
      "import ast, sys\nfor f in sys.argv[1:]: ast.parse(open(f).read(), f)";
    expect(complaints("python3", ["-c", compile, ...files], directory)).toBe(
      "",
    );
  });
});
