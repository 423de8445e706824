import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox, snapshot } from "../support/run.ts";
import { recover } from "../../src/repository/recover.ts";
import { sha256 } from "../../src/repository/state.ts";
import { Made, STATE, TO } from "./made.ts";

// What undo keeps: the journal, after interruptions and notes of edits.

test("a link in the place of the amended journal led to a file elsewhere", async () => {
  const made = await new Made().make();
  await made.run(["regenerate", ...TO]);
  made.edit("README.md", (text) => `${text}mine\n`);
  writeFileSync(made.sandbox.path("victim.txt"), "mine\n");
  const part = ".kong-ipv6.undo/journal.part";
  symlinkSync("../../victim.txt", made.path(part));
  // Records the edit: only the state is written.
  expect(await made.run(["regenerate"])).toMatchObject({ code: 0 });
  expect(made.sandbox.read("victim.txt")).toBe("mine\n");
  expect(existsSync(made.path(part))).toBe(false);
});

test("a directory that an interrupted run deleted comes back with its mode", () => {
  const entry = { path: "d/e/a", replaced: true, sha256: null, mode: 0o600 };
  const next = { path: "b", replaced: false, sha256: "0", mode: 0o644 };
  const removed = [
    { path: "d", mode: 0o750 },
    { path: "d/e", mode: 0o700 },
  ];
  const journal = { files: [entry, next], made: [], removed, filled: [] };
  const sandbox = new Sandbox({
    ".kong-ipv6.tmp/journal.json": JSON.stringify(journal),
    ".kong-ipv6.tmp/old/0": "mine\n",
    ".kong-ipv6.tmp/new/1": "new\n",
  });
  expect(recover(sandbox.cwd)).toBe("rolled back");
  expect(snapshot(sandbox.cwd)).toEqual({
    d: "dir 0750",
    "d/e": "dir 0700",
    "d/e/a": "file 0644 mine\n",
  });
});

test("a lock that a killed run never took is removed", async () => {
  const made = await new Made().make();
  const before = made.tree();
  const { pid } = spawnSync("true");
  mkdirSync(made.path(`.kong-ipv6.${pid}.lock`));
  expect(await made.run(["regenerate", "--dry-run"])).toMatchObject({
    code: 0,
  });
  expect(existsSync(made.path(`.kong-ipv6.${pid}.lock`))).toBe(true);
  expect(await made.run(["regenerate"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(before);
});

test("a run that only notes an edit keeps what undo needs", async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => `${text}mine\n`);
  const before = made.tree();
  await made.run(["regenerate", ...TO]);
  const after = made.read("docker-compose.yml");
  made.edit("scripts/verify.sh", (text) => `${text}# mine\n`);
  const { stdout } = await made.run(["regenerate"]);
  expect(stdout).toContain("no file changed in this directory");
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  made.edit("scripts/verify.sh", (text) => text.replace("# mine\n", ""));
  expect(made.tree()).toEqual(before);
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.read("docker-compose.yml")).toBe(after);
});

test("the same, interrupted after its last step", async () => {
  const made = await new Made().make();
  const before = made.tree();
  await made.run(["regenerate", ...TO]);
  const state = made.read(STATE);
  const now = state.replace(/"generator": ".*"/, `"generator": "0.0.0"`);
  made.write(STATE, now);
  const entry = {
    path: STATE,
    replaced: true,
    sha256: sha256(now),
    mode: 0o644,
  };
  const journal = {
    files: [entry],
    made: [],
    removed: [],
    filled: [],
    stateOnly: true,
  };
  mkdirSync(made.path(".kong-ipv6.tmp/old"), { recursive: true });
  made.write(".kong-ipv6.tmp/journal.json", JSON.stringify(journal));
  made.write(".kong-ipv6.tmp/old/0", state);
  expect(recover(made.path())).toBe("completed");
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(before);
});

test("undo undoes a noted edit if there is nothing else to undo", async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => `${text}mine\n`);
  const before = made.tree();
  await made.run(["regenerate"]);
  const after = made.tree();
  await made.run(["undo"]);
  expect(made.tree()).toEqual(before);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(after);
});
