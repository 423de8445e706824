import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { expect, test, vi } from "vitest";
import { program, PUBLISHED } from "../../../src/base/program.ts";
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

test("a command that is printed or generated can be run: the program is called with its version", () => {
  // A comment may name the command alone.
  const comment = /^\s*(\/\*\*|\*|\/\/)/;
  const bare =
    /create-kong-ipv6 (regenerate|check|undo|detect|\.|DIRECTORY|\$\{command)/;
  const found = ["src", "templates"].flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap(({ parentPath, name }) =>
        readFileSync(join(parentPath, name), "utf8")
          .split("\n")
          .filter((line) => bare.test(line) && !comment.test(line)),
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
