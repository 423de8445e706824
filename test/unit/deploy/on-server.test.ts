import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
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
  expect(previewCommand(path, "")).toContain("lowerdir=$p.gone:$p.new:$p");
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
  writeFileSync(lock, "");
  const holder = spawn("flock", [lock, "sh", "-c", "echo; exec cat"]);
  await once(holder.stdout, "data");
  const printed = sh(receiveCommand(path, lock), archiveOf(["c"]));
  expect(JSON.parse(printed)).toHaveProperty("refused");
  expect(install("a")).toMatchObject([{ status: "refused" }, REFUSED]);
  holder.stdin.end();
  await once(holder, "exit");
  expect(install("a")).toEqual(DONE);
}, 30_000);

test("a part of a copy does not stay", () => {
  const part = archiveOf(["a", "b"]).subarray(0, 700);
  const command = receiveCommand(path, lock);
  const { status, stderr } = spawnSync("sh", ["-c", command], { input: part });
  expect(status).toBe(1);
  expect(stderr.toString()).not.toContain("Traceback");
  expect(readdirSync(server)).not.toContain("opt.new");
});
