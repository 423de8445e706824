import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  BEFORE,
  EXAMPLES,
  exampleFiles,
  exampleTree,
  FLEET,
  fleetExample,
  SAME,
  scenarios,
  WHOLE,
} from "../../scripts/examples.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { resolve } from "../../src/answers/resolve.ts";
import type { File } from "../../src/render/render.ts";
import { sha256, STATE_FILE, type State } from "../../src/repository/state.ts";
import {
  differences,
  readTree,
  temporary,
  textOf,
  writeTree,
} from "../support/trees.ts";

const CHECKOUT = join(EXAMPLES, "..");

const stateOf = (scenario: string): State =>
  JSON.parse(textOf(exampleTree(scenario), STATE_FILE)) as State;

test("the scenarios of the contract are there", () => {
  expect(scenarios()).toEqual(
    expect.arrayContaining([
      "db-less",
      "gateway-in-prefix",
      "ipv6-only-host",
      "kernel-ndp",
      "overlap",
      "plugins",
      "recipe",
      "routed-prefix",
      "shorter-prefix",
    ]),
  );
});

test("examples/README.md says who each folder is for", () => {
  const readme = readFileSync(join(EXAMPLES, "README.md"), "utf8");
  const listed = [...readme.matchAll(/^\| \[([\w-]+)\]\(\1\//gm)];
  const folders = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(listed.map(([, name]) => name).sort()).toEqual(folders.sort());
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
  test("holds what its answers generate, byte for byte", () => {
    const folder = join(EXAMPLES, scenario);
    const shown = exampleFiles(scenario);
    const own = ["answers.json", BEFORE]
      .filter((name) => existsSync(join(folder, name)))
      .map((name): [string, File] => [
        name,
        { text: readFileSync(join(folder, name), "utf8"), mode: 0o644 },
      ]);
    expect(
      differences(new Map([...shown, ...own]), folder),
      "npm run examples",
    ).toEqual([]);
  });

  test("shows or lists every file once, and shows only what differs", () => {
    const all = exampleTree(scenario);
    const folder = join(EXAMPLES, scenario);
    const shown = readTree(join(folder, "repo"));
    const listed = existsSync(join(folder, SAME))
      ? readFileSync(join(folder, SAME), "utf8")
          .trimEnd()
          .split("\n")
          .map((line) => line.split("  ") as [sum: string, path: string])
      : [];
    const paths = [...shown.keys(), ...listed.map(([, path]) => path)];
    expect(paths.sort()).toEqual([...all.keys()].sort());
    for (const [sum, path] of listed)
      expect([path, sum]).toEqual([path, sha256(textOf(all, path))]);
    const whole = readTree(join(EXAMPLES, WHOLE, "repo"));
    for (const [path, { text }] of scenario === WHOLE ? [] : shown)
      expect([path, text]).not.toEqual([path, whole.get(path)?.text]);
    for (const [, path] of listed)
      if (path !== STATE_FILE)
        expect(textOf(whole, path)).toBe(textOf(all, path));
  });

  test("records every file's mode and sum, its text if answers shape it, and no more", () => {
    const { files } = stateOf(scenario);
    const found = new Map(exampleTree(scenario));
    found.delete(STATE_FILE);
    expect([...found.keys()].sort()).toEqual(Object.keys(files).sort());
    for (const [path, { mode, text, sha256: sum }] of Object.entries(files)) {
      const expected = path.endsWith(".sh")
        ? "0755"
        : path === ".env" || path.startsWith("host/etc/netplan/")
          ? "0600"
          : "0644";
      const there = textOf(found, path);
      expect([path, mode, sum]).toEqual([path, expected, sha256(there)]);
      expect([path, text]).toEqual([
        path,
        existsSync(join(CHECKOUT, "files", path)) ? undefined : there,
      ]);
      expect(found.get(path)?.mode).toBe(Number.parseInt(expected, 8));
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

test("examples/fleet holds what fleet.yml generates, byte for byte", async () => {
  const folder = join(EXAMPLES, FLEET);
  const text = readFileSync(join(folder, "fleet.yml"), "utf8");
  const all = new Map([
    ...(await fleetExample()),
    ["fleet.yml", { text, mode: 0o644 }],
  ]);
  expect(differences(all, folder), "npm run examples").toEqual([]);
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
