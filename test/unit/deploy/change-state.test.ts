import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stateCommand } from "../../../src/deploy/change-state.ts";

let server: string;
beforeEach(() => void (server = mkdtempSync(join(tmpdir(), "kong-"))));
afterEach(() => rmSync(server, { recursive: true }));

const OURS = '{"id": "ours"}';
const EARLIER = '{"id": "earlier"}';

/** The list of files of a deploy, in a folder of the server. */
function list(folder: string, text: string): void {
  mkdirSync(join(server, folder), { recursive: true });
  writeFileSync(join(server, folder, ".kong-ipv6.deployed"), text);
}

/** The journal, as apply.sh writes it (test/server/test_confirm.py, DeployReads). */
function journal(...facts: string[]): void {
  mkdirSync(join(server, "journal"), { recursive: true });
  const text = facts.map((fact) => `${fact.replaceAll(" ", "\t")}\t.\n`);
  writeFileSync(join(server, "journal/manifest"), text.join(""));
}

/** What our deploy is told. */
function state(): unknown {
  const digest = createHash("sha256").update(OURS).digest("hex");
  const [path, lock, folder] = ["opt", "lock", "journal"].map((name) =>
    join(server, name),
  ) as [string, string, string];
  const command = stateCommand(path, digest, lock, folder);
  const { stdout, stderr } = spawnSync("sh", ["-c", command]);
  expect(stderr.toString()).toBe("");
  return (JSON.parse(stdout.toString()) as { state: unknown }).state;
}

test("a first change: nothing is applied, waiting, confirmed", () => {
  list("opt", OURS);
  expect(state()).toBe("reverted");
  list("journal/copies/a", OURS);
  journal("todo apply begun", "pending /opt a");
  expect(state()).toBe("incomplete");
  journal("pending /opt a");
  expect(state()).toBe("waiting");
  journal("applied /opt a", "decided /opt confirmed");
  expect(state()).toBe("confirmed");
});

test("an earlier change that is confirmed or waits is not this one", () => {
  list("opt", OURS);
  list("journal/copies/a", EARLIER);
  journal("applied /opt a", "decided /opt confirmed");
  expect(state()).toBe("none");
  journal("pending /opt a");
  expect(state()).toBe("none");
});

test("a later change: waiting, then reverted to the earlier one", () => {
  list("journal/copies/a", EARLIER);
  list("journal/copies/b", OURS);
  list("opt", OURS);
  journal("applied /opt a", "pending /opt b");
  expect(state()).toBe("waiting");
  journal("applied /opt a", "decided /opt reverted");
  // The revert of an even earlier change: ours has not begun.
  expect(state()).toBe("none");
  list("opt", EARLIER);
  expect(state()).toBe("reverted");
  // Before the earlier state there was no deploy.
  rmSync(join(server, "opt"), { recursive: true });
  expect(state()).toBe("reverted");
});

test("ours is confirmed, and another deploy's change waits", () => {
  list("opt", EARLIER);
  list("journal/copies/a", OURS);
  list("journal/copies/b", EARLIER);
  journal("applied /opt a", "pending /opt b");
  expect(state()).toBe("confirmed");
});

test("a line that a crash has cut short does not count", () => {
  list("journal/copies/a", OURS);
  list("opt", OURS);
  journal("applied /opt a");
  writeFileSync(join(server, "journal/manifest"), "applied\t/opt\ta\t");
  expect(state()).toBe("none");
});

test("a run is going on", async () => {
  journal();
  const lock = join(server, "lock");
  const holder = spawn("flock", [lock, "sh", "-c", "echo; exec cat"]);
  await once(holder.stdout, "data");
  expect(state()).toBe("busy");
  holder.stdin.end();
  await once(holder, "exit");
  expect(state()).toBe("none");
});
