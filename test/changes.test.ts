import { expect, test } from "vitest";
import {
  compare,
  settle,
  type Change,
  type DiskEntry,
} from "../src/changes.ts";
import type { File } from "../src/render.ts";
import { SECRET } from "../src/secret.ts";

const file: File = { text: "new\n", mode: 0o644 };
const env: File = { text: `KONG_PG_PASSWORD=${SECRET}\n`, mode: 0o600 };

const one = (after: File, entry?: DiskEntry): Change => {
  const disk = new Map(entry === undefined ? [] : [["path", entry]]);
  const [change, ...others] = compare(new Map([["path", after]]), disk);
  expect(others).toEqual([]);
  return change as Change;
};

const onDisk = (text: string, mode = 0o644): DiskEntry => ({
  kind: "file",
  text,
  mode,
});

test("nothing there: create", () => {
  expect(one(file)).toEqual({
    path: "path",
    action: "create",
    before: null,
    after: file,
  });
  expect(one(file, { kind: "absent" }).action).toBe("create");
});

test("the same there: same", () => {
  expect(one(file, onDisk("new\n")).action).toBe("same");
  expect(one(env, onDisk("KONG_PG_PASSWORD=anything\n", 0o600)).action).toBe(
    "same",
  );
});

test("something else there: in the way, and nothing is decided", () => {
  const change = one(file, onDisk("mine\n", 0o755));
  expect(change).toEqual({
    path: "path",
    action: "conflict",
    before: { text: "mine\n", mode: 0o755 },
    after: file,
    reason: "a file that is not ours",
  });
  expect(one(file, onDisk("new")).action).toBe("conflict");
  expect(one(file, onDisk("new\r\n")).action).toBe("conflict");
  expect(one(env, onDisk("KONG_PG_PASSWORD=\n")).action).toBe("conflict");
});

test("what can't be compared is in the way, with what it is", () => {
  expect(one(file, { kind: "other", what: "a directory" })).toMatchObject({
    action: "conflict",
    before: null,
    reason: "a directory",
  });
});

test("no secret from the disk is in a change", () => {
  const change = one(env, onDisk("A=1\nKONG_PG_PASSWORD=hunter2\n"));
  expect(change.action).toBe("conflict");
  expect(JSON.stringify(change)).not.toContain("hunter2");
});

test("the owner's word settles a conflict, and nothing else", () => {
  const conflict = one(file, onDisk("mine\n", 0o755));
  const never = (): string => expect.fail("merged without need");
  expect(settle(conflict, "keep", never).action).toBe("keep");
  expect(settle(conflict, "theirs", never)).toMatchObject({
    action: "update",
    after: file,
  });
  const marked = settle(
    conflict,
    "markers",
    ({ before, after }) => `${before?.text}|${after.text}`,
  );
  expect(marked).toMatchObject({
    action: "markers",
    after: { text: "mine\n|new\n", mode: 0o755 },
  });
  for (const word of ["keep", "theirs", "markers"] as const) {
    const same = one(file, onDisk("new\n"));
    expect(settle(same, word, never)).toBe(same);
    const create = one(file);
    expect(settle(create, word, never)).toBe(create);
  }
});

test("what can't be compared is never replaced", () => {
  const link = one(file, { kind: "other", what: "a symbolic link" });
  for (const word of ["theirs", "markers"] as const)
    expect(settle(link, word, () => "").action).toBe("conflict");
  expect(settle(link, "keep", () => "").action).toBe("keep");
});

test("a private file with markers isn't opened to others", () => {
  const marked = settle(
    one(env, onDisk("KONG_PG_PASSWORD=x\nB=2\n", 0o644)),
    "markers",
    () => "",
  );
  expect(marked.after.mode).toBe(0o600);
});
