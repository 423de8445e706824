import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  discardCommand,
  installCommand,
  previewCommand,
  receiveCommand,
} from "../../../src/deploy/on-server.ts";
import { archive, type Entry } from "../../../src/deploy/tar.ts";

const server = mkdtempSync(join(tmpdir(), "kong-"));
const path = join(server, "opt");

function sh(command: string, input?: Buffer): string {
  const ended = spawnSync("sh", ["-c", command], { input });
  expect(ended.stderr.toString()).toBe("");
  return ended.stdout.toString();
}

/** Sends these files to PATH.new. @returns what differs from PATH */
function receive(...names: string[]): unknown {
  const file = (name: string, text: string): Entry => ({
    path: name,
    mode: 0o644,
    data: Buffer.from(text),
  });
  const files = Object.fromEntries(names.map((name) => [name, "sha256"]));
  const entries = [
    ...names.map((name) => file(name, "a")),
    file(".kong-ipv6.deployed", JSON.stringify({ files })),
  ];
  const printed = sh(receiveCommand(path), archive(entries));
  return (JSON.parse(printed) as { changed: unknown }).changed;
}

test("a file that is only deleted is a change, and the preview does not see it", () => {
  expect(receive("a", "host/b")).toEqual(["a", "host/b"]);
  sh(installCommand(path));
  expect(receive("a", "host/b")).toEqual([]);
  expect(receive("a")).toEqual(["host/b"]);
  // Where a device can't be made, the preview runs in PATH.new.
  const hidden = join(`${path}.gone`, "host/b");
  if (existsSync(`${path}.gone`)) {
    expect(lstatSync(hidden).isCharacterDevice()).toBe(true);
    expect(lstatSync(hidden).rdev).toBe(0);
  }
  expect(previewCommand(path)).toContain("lowerdir=$p.gone:$p.new:$p");
  sh(installCommand(path));
  expect(existsSync(join(path, "host/b"))).toBe(false);
  expect(existsSync(`${path}.gone`)).toBe(false);
  const kept = join(`${path}.previous`, "host/b");
  expect(readFileSync(kept, "utf8")).toBe("a");
  expect(receive("b")).toEqual(["b", "a"]);
  sh(discardCommand(path));
  expect(existsSync(`${path}.new`)).toBe(false);
  expect(existsSync(`${path}.gone`)).toBe(false);
  rmSync(server, { recursive: true });
});
