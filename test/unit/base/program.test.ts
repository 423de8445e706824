import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { expect, test, vi } from "vitest";
import {
  commandLine,
  program,
  PUBLISHED,
  update,
} from "../../../src/base/program.ts";
import { runHere } from "../../support/in-process.ts";
import { temporary } from "../../support/trees.ts";

test("the published package with its version; a checkout as it was called", () => {
  const root = temporary();
  mkdirSync(join(root, "dist"));
  const cli = join(root, "dist/cli.cjs");
  writeFileSync(cli, "");
  expect(PUBLISHED).toMatch(/^npx create-kong-ipv6@\d+\.\d+\.\d+$/);
  expect(program(cli, undefined)).toBe(PUBLISHED);
  expect(program(cli, "start")).toBe(PUBLISHED);
  expect(program(join(root, "absent"), undefined)).toBe(PUBLISHED);

  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "src/cli.ts"), "");
  const path = relative(".", cli);
  expect(program(cli, undefined)).toBe(
    `node ${path.startsWith("..") ? cli : path}`,
  );
  expect(program(cli, "start")).toBe("npm start --");
  // npm links a command to its file.
  symlinkSync(cli, join(root, "create-kong-ipv6"));
  expect(program(join(root, "create-kong-ipv6"), undefined)).toContain(
    "dist/cli.cjs",
  );
  expect(program("node_modules/.bin/plop", undefined)).toBe("npm start --");
});

test("a directory is named as from here, and quoted if a shell or the program would misread it", () => {
  expect(commandLine("regenerate", "-my gw", "--finish")).toBe(
    `${PUBLISHED} regenerate './-my gw' --finish`,
  );
  expect(commandLine("undo", process.cwd())).toBe(`${PUBLISHED} undo .`);
  expect(commandLine("undo", "/srv/gw")).toBe(`${PUBLISHED} undo /srv/gw`);
});

test("a newer version: the published one, or in a checkout by git", () => {
  expect(update(PUBLISHED)).toBe(
    "Run the newest version:\n  npx create-kong-ipv6@latest",
  );
  expect(update("npm start --")).not.toContain("npx");
});

/** A command without the program that runs it. In the server's messages, report.py adds the version. */
const BARE = [
  /(?<!\{program(\(\))?\}+ |npx create-kong-ipv6 )\bregenerate( DIRECTORY)? --/,
  /\brun (regenerate|check|probe|deploy|detect)\b/i,
  /(?<!npx )create-kong-ipv6 (regenerate|check|undo|detect|\.|DIRECTORY|\$\{command)/,
  /npx create-kong-ipv6@\D/,
];

/** Help adds the program to its examples; "run detect on a server" names the command that was just run. */
const COMPLETE = [
  "src/base/program.ts",
  "src/cli/command-rows.ts",
  "src/detect/probe.ts",
];

test("a command that is printed or generated can be run: the program is called with its version", () => {
  // A comment may name the command alone.
  const comment = /^\s*(\/\*\*|\*|\/\/)/;
  const found = ["src", "templates", "files"].flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => !COMPLETE.includes(path) && !path.endsWith(".pyc"))
      .flatMap((path) =>
        readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => !comment.test(line))
          .filter((line) => BARE.some((pattern) => pattern.test(line)))
          .map((line) => `${path}: ${line.trim()}`),
      ),
  );
  expect(found).toEqual([]);
});

test("help calls a checkout by its path, even one with a dollar sign", async () => {
  const root = join(temporary(), "a$&b");
  mkdirSync(join(root, "dist"), { recursive: true });
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "dist/cli.cjs"), "");
  writeFileSync(join(root, "src/cli.ts"), "");
  const before = process.argv[1];
  process.argv[1] = join(root, "dist/cli.cjs");
  vi.stubEnv("npm_lifecycle_event", undefined);
  try {
    expect((await runHere(["--help"])).stdout).toContain("/a$&b/dist/cli.cjs");
  } finally {
    process.argv[1] = before as string;
    vi.unstubAllEnvs();
  }
});
