import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { program, PUBLISHED } from "../../../src/base/program.ts";
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
