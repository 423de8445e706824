import {
  chmodSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DiskEntry } from "../../../src/repository/disk.ts";
import { targetKind, readDisk } from "../../../src/repository/disk.ts";
import { codeOf } from "../../../src/base/errors.ts";
import { FailedError } from "../../../src/base/errors.ts";
import { temporary } from "../../support/trees.ts";

const look = (directory: string, path: string): DiskEntry | undefined =>
  readDisk(directory, [path]).get(path);

test("a file is read with its text, byte for byte, and its mode", () => {
  const root = temporary();
  writeFileSync(join(root, "a"), "\ufeffa\r\nb");
  chmodSync(join(root, "a"), 0o640);
  expect(look(root, "a")).toEqual({
    kind: "file",
    text: "\ufeffa\r\nb",
    mode: 0o640,
  });
});

test("a missing file is absent, below a missing directory too", () => {
  const root = temporary();
  expect(look(root, "a")).toEqual({ kind: "absent" });
  expect(look(root, "a/b/c")).toEqual({ kind: "absent" });
  expect(look(join(root, "missing"), "a")).toEqual({ kind: "absent" });
});

test("something that can't be compared is described", () => {
  const root = temporary();
  mkdirSync(join(root, "directory"));
  symlinkSync("nowhere", join(root, "link"));
  writeFileSync(join(root, "binary"), Buffer.from([0xff, 0xfe, 0x00]));
  writeFileSync(join(root, "large"), "");
  truncateSync(join(root, "large"), 5 * 1024 * 1024);
  for (const [path, what] of [
    ["directory", "a directory"],
    ["link", "a symbolic link"],
    ["binary", "not a text file"],
    ["large", "bytes"],
  ] as const)
    expect(look(root, path)).toEqual({
      kind: "other",
      what: expect.stringContaining(what),
    });
});

test("nothing is read through a link or below a file", () => {
  const root = temporary();
  const outside = temporary();
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(outside, join(root, "link"));
  writeFileSync(join(root, "file"), "");
  expect(look(root, "link/secret")).toEqual({
    kind: "other",
    what: "link is a symbolic link",
  });
  expect(look(root, "file/x/y")).toEqual({
    kind: "other",
    what: "file is not a directory",
  });
});

test("a target is absent, empty, filled, or refused", () => {
  const root = temporary();
  expect(targetKind(join(root, "x/y"))).toBe("absent");
  expect(targetKind(root)).toBe("empty");
  writeFileSync(join(root, "file"), "");
  expect(targetKind(root)).toBe("filled");
  symlinkSync(root, join(root, "link"));
  expect(targetKind(join(root, "link"))).toBe("filled");
  expect(() => targetKind(join(root, "file"))).toThrow(FailedError);
  expect(() => targetKind(join(root, "file/x"))).toThrow(FailedError);
});

test("codeOf is the code of a system call, or the error's text", () => {
  expect(codeOf(Object.assign(new Error("x"), { code: "ENOSPC" }))).toBe(
    "ENOSPC",
  );
  expect(codeOf(new Error("x"))).toBe("Error: x");
  expect(codeOf("x")).toBe("x");
});
