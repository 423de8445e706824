import { symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { plan } from "../../../src/plan/plan.ts";
import { repositoryFiles, textFiles } from "../../../src/repository/walk.ts";
import { Sandbox } from "../../support/run.ts";
import { answersFrom } from "../../support/base.ts";

test("files are read in order, without data, .git, packages and huge files", () => {
  const sandbox = new Sandbox({
    "b.txt": "b\n",
    "a/deep/x.conf": "x\n",
    "a/data/y.txt": "y\n",
    "docs/.git/config": "git\n",
    ".kong-ipv6.json": "{}\n",
    ".kong-ipv6.undo/old/0": "old\n",
    "a/node_modules/x/index.js": "x\n",
    "data/postgres/log": "log\n",
    "elsewhere/log": "log\n",
    "exact.txt": "x".repeat(1024 * 1024),
    "huge.txt": "x".repeat(1024 * 1024 + 1),
    "going.txt": "going\n",
  });
  const plans = ["./data", "./elsewhere"].map((dataDir) =>
    plan(answersFrom({ dataDir })),
  );
  const instead = new Map([
    ["b.txt", "new\n"],
    ["going.txt", null],
    ["coming.txt", "coming\n"],
  ]);
  const found = [...textFiles(sandbox.cwd, plans, instead)];
  expect(found.map(([path, text]) => [path, text.slice(0, 8)])).toEqual([
    ["a/data/y.txt", "y\n"],
    ["a/deep/x.conf", "x\n"],
    ["b.txt", "new\n"],
    ["coming.txt", "coming\n"],
    ["exact.txt", "xxxxxxxx"],
  ]);
});

test("files that are not UTF-8 are searched too", () => {
  const line = "caf\u00e9 2a01:4f8:1:2::5\n";
  const sandbox = new Sandbox({
    "latin1.txt": Buffer.from(line, "latin1"),
    "utf16.txt": Buffer.from(`\ufeff${line}`, "utf16le"),
    "nul.txt": `\0${line}`,
  });
  for (const [path, text] of textFiles(sandbox.cwd, []))
    expect(text, path).toContain(" 2a01:4f8:1:2::5\n");
  expect([...textFiles(sandbox.cwd, [])]).toHaveLength(3);
});

test("files that are not searched are named", () => {
  const sandbox = new Sandbox({
    "huge.txt": "x".repeat(1024 * 1024 + 1),
    "a/mine.txt": "mine\n",
  });
  symlinkSync("/etc/hosts", sandbox.path("link"));
  symlinkSync("a/mine.txt", sandbox.path("inside"));
  expect([...repositoryFiles(sandbox.cwd, [])]).toEqual([
    { path: "a/mine.txt", text: "mine\n" },
    { path: "huge.txt", why: "larger than 1 MiB" },
    { path: "link", why: "a symbolic link that leads out of here" },
  ]);
});

test("a file whose name is not UTF-8 is reported", () => {
  const sandbox = new Sandbox({ "a.txt": "a\n" });
  const name = Buffer.concat([
    Buffer.from(`${sandbox.cwd}/`),
    Buffer.from([0xff]),
  ]);
  writeFileSync(name, "2a01:4f8:1:2::5\n");
  expect([...repositoryFiles(sandbox.cwd, [])]).toContainEqual({
    path: "\ufffd",
    why: "its name is not UTF-8",
  });
});
