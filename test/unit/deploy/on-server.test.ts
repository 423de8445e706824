import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  discardCommand,
  holdPath,
  installCommand,
  previewCommand,
  receiveCommand,
} from "../../../src/deploy/on-server.ts";
import { archive, type Entry } from "../../../src/deploy/tar.ts";

const server = mkdtempSync(join(tmpdir(), "kong-"));
const path = join(server, "opt");
const lock = join(server, "lock");
afterAll(() => rmSync(server, { recursive: true }));

function sh(command: string, input?: Buffer): string {
  const ended = spawnSync("sh", ["-c", command], { input });
  expect(ended.stderr.toString()).toBe("");
  return ended.stdout.toString();
}

/** What a copy of these files ends with. */
const list = (names: readonly string[]): string =>
  JSON.stringify({
    files: Object.fromEntries(names.map((name) => [name, "sha256"])),
  });

const digestOf = (names: readonly string[]): string =>
  createHash("sha256").update(list(names)).digest("hex");

function archiveOf(names: readonly string[]): Buffer {
  const file = (name: string, text: string): Entry => ({
    path: name,
    mode: 0o644,
    data: Buffer.from(text),
  });
  return archive([
    ...names.map((name) => file(name, "a")),
    file(".kong-ipv6.deployed", list(names)),
  ]);
}

/** Sends these files to PATH.new. @returns what differs from PATH */
function receive(...names: string[]): unknown {
  const printed = sh(receiveCommand(path, lock), archiveOf(names));
  return (JSON.parse(printed) as { changed: unknown }).changed;
}

/** Installs PATH.new, if it is the copy of these files. @returns what the server says */
function install(...names: string[]): Record<string, unknown>[] {
  const digest = digestOf(names);
  const command = installCommand(path, { digest, installed: "done", lock });
  const { stdout, stderr } = spawnSync("sh", ["-c", command]);
  expect(stderr.toString()).toBe("");
  const lines = stdout.toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const DONE = [{ step: "copy", status: "ok", detail: "done" }];
const REFUSED = { outcome: "refused", code: 1 };

/** As a run of apply.sh holds it, until its standard input ends. */
async function heldLock(): Promise<ChildProcess> {
  const holder = spawn("flock", [lock, "sh", "-c", "echo; exec cat"]);
  await once(holder.stdout, "data");
  return holder;
}

test("a file that is only deleted is a change, and the preview does not see it", () => {
  expect(receive("a", "host/b")).toEqual(["a", "host/b"]);
  expect(install("a", "host/b")).toEqual(DONE);
  expect(receive("a", "host/b")).toEqual([]);
  expect(receive("a")).toEqual(["host/b"]);
  // Where a device can't be made, the preview runs in PATH.new.
  const hidden = join(`${path}.gone`, "host/b");
  if (existsSync(`${path}.gone`)) {
    expect(lstatSync(hidden).isCharacterDevice()).toBe(true);
    expect(lstatSync(hidden).rdev).toBe(0);
  }
  expect(previewCommand(path, "", 60)).toContain("lowerdir=$p.gone:$p.new:$p");
  expect(install("a")).toEqual(DONE);
  expect(existsSync(join(path, "host/b"))).toBe(false);
  expect(existsSync(`${path}.gone`)).toBe(false);
  const kept = join(`${path}.previous`, "host/b");
  expect(readFileSync(kept, "utf8")).toBe("a");
  expect(receive("b")).toEqual(["b", "a"]);
  sh(discardCommand(path, digestOf(["a"])));
  expect(existsSync(`${path}.new`)).toBe(true);
  sh(discardCommand(path, digestOf(["b"])));
  expect(existsSync(`${path}.new`)).toBe(false);
  expect(existsSync(`${path}.gone`)).toBe(false);
});

test("only one deploy at a time", async () => {
  receive("a");
  // Another one has copied since.
  receive("b");
  expect(install("a")).toMatchObject([{ status: "refused" }, REFUSED]);
  expect(install("b")).toEqual(DONE);
  receive("a");
  const holder = await heldLock();
  const printed = sh(receiveCommand(path, lock), archiveOf(["c"]));
  expect(JSON.parse(printed)).toHaveProperty("refused");
  expect(install("a")).toMatchObject([{ status: "refused" }, REFUSED]);
  holder.stdin?.end();
  await once(holder, "exit");
  expect(install("a")).toEqual(DONE);
}, 30_000);

test("Bug: another deploy installed its copy before apply.sh had begun", async () => {
  const hold = holdPath(path, server);
  // As in a deploy: what follows is the same shell, or its exec.
  const apply = `${hold}\necho held && exec cat`;
  const first = spawn("sh", ["-c", apply]);
  await once(first.stdout, "data");
  const other = holdPath(`${path}2`, server);
  expect(spawnSync("sh", ["-c", `${other}\necho held`]).status).toBe(0);
  const second = spawnSync("sh", ["-c", `${hold}\necho held`]);
  expect(second.status).toBe(1);
  const rows = second.stdout.toString().trim().split("\n");
  expect(rows.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { step: "copy", status: "refused" },
    REFUSED,
  ]);
  first.stdin.end();
  await once(first, "exit");
  expect(sh(`${hold}\necho held`)).toBe("held\n");
}, 30_000);

test("the plan is that of this copy", async () => {
  const copy = join(server, "first");
  mkdirSync(join(server, "bin"));
  // Here without a namespace: nothing is mounted before the first deploy.
  const unshare = join(server, "bin/unshare");
  writeFileSync(unshare, '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
  const preview = (digest: string): string[] => {
    const { stdout } = spawnSync(
      "sh",
      ["-c", previewCommand(copy, digest, 60, lock)],
      { env: { ...process.env, PATH: `${server}/bin:${process.env["PATH"]}` } },
    );
    return stdout.toString().trim().split("\n");
  };
  mkdirSync(`${copy}.new/scripts`, { recursive: true });
  const script = "#!/bin/sh\necho the plan of $PWD: $*\n";
  writeFileSync(`${copy}.new/scripts/apply.sh`, script, { mode: 0o755 });
  writeFileSync(`${copy}.new/.kong-ipv6.deployed`, list(["a"]));
  expect(preview(digestOf(["a"]))).toEqual([
    `the plan of ${copy}.new: --dry-run --json --confirm-within 60`,
  ]);
  const last = JSON.stringify(REFUSED).replaceAll(/([:,])/g, "$1 ");
  expect(preview(digestOf(["b"]))).toEqual([
    expect.stringContaining("another deploy has replaced this copy"),
    last,
  ]);
  const holder = await heldLock();
  expect(preview(digestOf(["a"]))).toEqual([
    expect.stringContaining("another deploy, or a run of apply.sh, is in"),
    last,
  ]);
  holder.stdin?.end();
  await once(holder, "exit");
});

test("a part of a copy does not stay", () => {
  const part = archiveOf(["a", "b"]).subarray(0, 700);
  const command = receiveCommand(path, lock);
  const { status, stderr } = spawnSync("sh", ["-c", command], { input: part });
  expect(status).toBe(1);
  expect(stderr.toString()).not.toContain("Traceback");
  expect(readdirSync(server)).not.toContain("opt.new");
});
