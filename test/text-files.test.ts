import { expect, test } from "vitest";
import { plan } from "../src/plan.ts";
import { textFiles } from "../src/text-files.ts";
import { Sandbox } from "./cli/run.ts";
import { answersFrom } from "./support/base.ts";

test("text files are read, in order; data, git's, packages, binary and huge ones are not", () => {
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
    "binary.bin": Buffer.from([0xff, 0xfe, 0x41]),
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
