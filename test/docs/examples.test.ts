import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXAMPLES, exampleTree, scenarios } from "../../scripts/examples.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { STATE_FILE, type State } from "../../src/repository/state.ts";
import {
  differences,
  readTree,
  temporary,
  textOf,
  writeTree,
} from "../support/trees.ts";

const stateOf = (scenario: string): State =>
  JSON.parse(
    readFileSync(join(EXAMPLES, scenario, "repo", STATE_FILE), "utf8"),
  ) as State;

test("the scenarios of the contract are there", () => {
  expect(scenarios()).toEqual(
    expect.arrayContaining([
      "db-less",
      "gateway-in-prefix",
      "ipv6-only-host",
      "kernel-ndp",
      "plugins",
      "recipe",
      "routed-prefix",
      "shorter-prefix",
    ]),
  );
});

test("between them they take every choice", () => {
  const taken = scenarios().map((scenario) => stateOf(scenario).answers);
  for (const [key, choices] of Object.entries({
    delivery: ["on-link", "routed"],
    ndp: ["ndppd", "kernel", "none"],
    database: ["postgres", "off"],
    firewall: ["ufw", "nftables", "none"],
  })) {
    const found = taken.map((answers) => answers[key as keyof typeof answers]);
    expect(new Set(found), key).toEqual(new Set(choices));
  }
  expect(taken.some(({ ipv4 }) => ipv4 === "none")).toBe(true);
  expect(taken.some(({ ipv4 }) => ipv4 === "any")).toBe(true);
  expect(taken.some(({ ipv4Gateway }) => ipv4Gateway !== "none")).toBe(true);
});

describe.each(scenarios())("examples/%s", (scenario) => {
  const repo = join(EXAMPLES, scenario, "repo");

  test("is what its answers generate, byte for byte", () => {
    expect(
      differences(exampleTree(scenario), repo),
      "npm run examples",
    ).toEqual([]);
  });

  test("records the text and the mode of every file, and no more", () => {
    const { files } = stateOf(scenario);
    const found = readTree(repo);
    found.delete(STATE_FILE);
    expect([...found.keys()].sort()).toEqual(Object.keys(files).sort());
    for (const [path, { mode, text }] of Object.entries(files)) {
      const expected = path.endsWith(".sh")
        ? "0755"
        : path === ".env" || path.startsWith("host/etc/netplan/")
          ? "0600"
          : "0644";
      expect([path, mode, text]).toEqual([
        path,
        expected,
        found.get(path)?.text,
      ]);
      const executable = ((found.get(path)?.mode ?? 0) & 0o111) !== 0;
      expect([path, executable]).toEqual([path, expected === "0755"]);
    }
  });

  test("has answers that come to themselves", () => {
    const { answers } = stateOf(scenario);
    expect(resolve(answers).answers).toEqual(answers);
    const asWritten = JSON.parse(
      readFileSync(join(EXAMPLES, scenario, "answers.json"), "utf8"),
    ) as Given;
    expect(resolve(asWritten).answers).toEqual(answers);
    // Nothing in an example is random.
    expect(asWritten).toHaveProperty("internalPrefix");
  });
});

describe("the comparison that the examples stand on", () => {
  const copyOfRecipe = (): string => {
    const copy = temporary();
    writeTree(copy, exampleTree("recipe"));
    expect(differences(exampleTree("recipe"), copy)).toEqual([]);
    return copy;
  };

  test("finds a file that is missing", () => {
    const copy = copyOfRecipe();
    rmSync(join(copy, ".env"));
    expect(differences(exampleTree("recipe"), copy)).toEqual([
      ".env is missing",
    ]);
  });

  test("finds an orphan, hidden and deep down too", () => {
    const copy = copyOfRecipe();
    writeFileSync(join(copy, "host/etc/.orphan"), "");
    expect(differences(exampleTree("recipe"), copy)).toEqual([
      "host/etc/.orphan is an orphan",
    ]);
  });

  test("finds one byte at the end", () => {
    const copy = copyOfRecipe();
    const path = join(copy, ".gitignore");
    const text = textOf(exampleTree("recipe"), ".gitignore");
    writeFileSync(path, `${text}\n`);
    expect(differences(exampleTree("recipe"), copy)).toHaveLength(1);
    writeFileSync(path, text.slice(0, -1));
    expect(differences(exampleTree("recipe"), copy)).toHaveLength(1);
  });

  test("finds an executable bit that is gone, or there without need", () => {
    const copy = copyOfRecipe();
    chmodSync(join(copy, "scripts/network.sh"), 0o644);
    chmodSync(join(copy, "README.md"), 0o755);
    expect(differences(exampleTree("recipe"), copy).sort()).toEqual([
      "README.md has mode 755",
      "scripts/network.sh has mode 644",
    ]);
  });
});
