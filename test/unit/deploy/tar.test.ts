import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { archive, type Entry } from "../../../src/deploy/tar.ts";
import { snapshot } from "../../support/run.ts";

test("tar unpacks it: modes, contents, links, long and unusual names", () => {
  const long = `${"folder/".repeat(30)}${"n".repeat(120)}`;
  const target = "t".repeat(150);
  const entries: Entry[] = [
    { path: "a", mode: 0o600, data: Buffer.from("secret") },
    { path: "scripts/b", mode: 0o755, data: Buffer.alloc(1000, "x") },
    { path: "empty", mode: 0o644, data: Buffer.alloc(0) },
    { path: "ümlaut and space", mode: 0o644, data: Buffer.alloc(512, "y") },
    { path: long, mode: 0o644, data: Buffer.from("deep") },
    { path: "link", link: "scripts/b" },
    { path: "long link", link: target },
  ];
  const folder = mkdtempSync(join(tmpdir(), "t-"));
  execFileSync("tar", ["-xp", "-C", folder], {
    input: archive(entries),
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  const found = snapshot(folder);
  expect(found["a"]).toBe("file 0600 secret");
  expect(found["scripts/b"]).toBe(`file 0755 ${"x".repeat(1000)}`);
  expect(found["empty"]).toBe("file 0644 ");
  expect(found["ümlaut and space"]).toBe(`file 0644 ${"y".repeat(512)}`);
  expect(found[long]).toBe("file 0644 deep");
  expect(found["link"]).toBe("link scripts/b");
  expect(found["long link"]).toBe(`link ${target}`);
});
