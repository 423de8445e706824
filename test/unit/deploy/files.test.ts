import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesToCopy } from "../../../src/deploy/files.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";
import { Sandbox } from "../../support/run.ts";

const PLAN = plan(answersFrom({ dataDir: "./state" }));

const repository = (): Sandbox =>
  new Sandbox({
    "README.md": "x",
    ".env": "secret",
    ".kong-ipv6.json": "{}",
    ".kong-ipv6.undo/README.md": "old",
    "README.md.new": "sidecar",
    "state/notes": "mine",
    "data/secrets/kong_pg_password": "secret",
    "old/data/postgres/PG_VERSION": "17",
    "node_modules/x/index.js": "x",
    ".git/config": "x",
    "docs/data/notes": "mine",
    "scripts/apply.sh": "x",
  });

const paths = ({ cwd }: Sandbox): string[] =>
  filesToCopy(cwd, PLAN).map(({ path }) => path);

test("no .env, data (also of an earlier setting), git, undo folder or sidecar; modes as git keeps them", () => {
  const sandbox = repository();
  chmodSync(sandbox.path("scripts/apply.sh"), 0o700);
  chmodSync(sandbox.path("README.md"), 0o600);
  symlinkSync("README.md", sandbox.path("link"));
  expect(filesToCopy(sandbox.cwd, PLAN)).toMatchObject([
    { path: ".kong-ipv6.json", mode: 0o644 },
    { path: "README.md", mode: 0o644 },
    { path: "docs/data/notes" },
    { path: "link", link: "README.md" },
    { path: "scripts/apply.sh", mode: 0o755 },
  ]);
});

test("in a repository of git: also nothing that git ignores", () => {
  const sandbox = repository();
  execFileSync("rm", ["-r", sandbox.path(".git")]);
  execFileSync("git", ["init", "-q", sandbox.cwd]);
  writeFileSync(sandbox.path(".gitignore"), "docs/\n");
  expect(paths(sandbox)).toEqual([
    ".gitignore",
    ".kong-ipv6.json",
    "README.md",
    "scripts/apply.sh",
  ]);
});

test("a name with a control character is refused, without printing it", () => {
  const sandbox = repository();
  mkdirSync(join(sandbox.cwd, "mine"));
  writeFileSync(sandbox.path("mine/a\u001b[2J"), "x");
  expect(() => paths(sandbox)).toThrow("a\\u001b[2J can't be copied");
});

test("more than 64 MiB is refused", () => {
  const sandbox = repository();
  writeFileSync(sandbox.path("image.tar"), Buffer.alloc(65 * 1024 * 1024));
  expect(() => paths(sandbox)).toThrow("more than 64 MiB");
});
