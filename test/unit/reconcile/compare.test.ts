import { expect, test } from "vitest";
import { compare } from "../../../src/reconcile/compare.ts";
import { applyResolution } from "../../../src/reconcile/resolve-conflict.ts";
import type { Base, Change } from "../../../src/reconcile/change.ts";
import type { Resolution } from "../../../src/reconcile/request.ts";
import { type DiskEntry } from "../../../src/repository/disk.ts";
import type { File } from "../../../src/render/render.ts";
import { sha256 } from "../../../src/repository/state.ts";
import { SECRET } from "../../../src/render/secrets.ts";

const file: File = { text: "new\n", mode: 0o644 };
const env: File = { text: `KONG_PG_PASSWORD=${SECRET}\n`, mode: 0o600 };

const one = async (after: File, entry?: DiskEntry): Promise<Change> => {
  const path = after === env ? ".env" : "path";
  const disk = new Map(entry === undefined ? [] : [[path, entry]]);
  const [change, ...others] = await compare(new Map([[path, after]]), disk);
  expect(others).toEqual([]);
  return change as Change;
};

const settled = (change: Change, word: Resolution): Change => {
  const [first, ...others] = applyResolution(change, word);
  expect(others).toEqual([]);
  return first as Change;
};

const onDisk = (text: string, mode = 0o644): DiskEntry => ({
  kind: "file",
  text,
  mode,
});

test("no file: create", async () => {
  const created = { path: "path", action: "create", before: null, after: file };
  expect(await one(file)).toEqual(created);
  expect(await one(file, { kind: "absent" })).toEqual(created);
});

test("the same file: same", async () => {
  expect(await one(file, onDisk("new\n"))).toMatchObject({ action: "same" });
  const password = onDisk("KONG_PG_PASSWORD=anything\n", 0o600);
  expect(await one(env, password)).toMatchObject({ action: "same" });
});

test("another file: a conflict", async () => {
  expect(await one(file, onDisk("mine\n", 0o755))).toMatchObject({
    path: "path",
    action: "conflict",
    before: { text: "mine\n", mode: 0o755 },
    after: { text: "new\n" },
    reason: "create-kong-ipv6 did not write it",
  });
  const action = "conflict";
  expect(await one(file, onDisk("new"))).toMatchObject({ action });
  expect(await one(env, onDisk("KONG_PG_PASSWORD=\n"))).toMatchObject({
    action,
  });
});

test("a link or directory is a conflict, with the reason", async () => {
  const entry: DiskEntry = { kind: "other", what: "a directory" };
  expect(await one(file, entry)).toMatchObject({
    action: "conflict",
    before: null,
    reason: "a directory",
  });
});

test("no secret from the disk is in a change", async () => {
  const change = await one(env, onDisk("A=1\nKONG_PG_PASSWORD=hunter2\n"));
  expect(change.action).toBe("conflict");
  expect(JSON.stringify(change)).not.toContain("hunter2");
});

test("the owner's choice resolves a conflict, and nothing else", async () => {
  const conflict = await one(file, onDisk("mine\n", 0o755));
  expect(settled(conflict, "keep").action).toBe("keep");
  expect(settled(conflict, "theirs")).toMatchObject({
    action: "update",
    after: { text: "new\n" },
  });
  const marked = settled(conflict, "markers");
  expect(marked).toMatchObject({ action: "markers", after: { mode: 0o755 } });
  expect(marked.after?.text).toBe(
    "<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> create-kong-ipv6\n",
  );
  for (const word of ["keep", "theirs", "markers"] as const) {
    const same = await one(file, onDisk("new\n"));
    expect(settled(same, word)).toBe(same);
    const create = await one(file);
    expect(settled(create, word)).toBe(create);
  }
});

test("a link or directory is never replaced", async () => {
  const link = await one(file, { kind: "other", what: "a symbolic link" });
  for (const word of ["theirs", "markers"] as const)
    expect(settled(link, word).action).toBe("conflict");
  expect(settled(link, "keep").action).toBe("keep");
});

test("a private file with markers stays private", async () => {
  const there = onDisk("KONG_PG_PASSWORD=x\nB=2\n", 0o644);
  const marked = settled(await one(env, there), "markers");
  expect(marked.after?.mode).toBe(0o600);
});

test("two files with the name of a new one: neither counts as renamed", async () => {
  const base: Base = {
    ...file,
    sha256: sha256(file.text),
    rewrite: (text) => text,
  };
  const of = (uplink: string): string =>
    `host/etc/systemd/network/10-netplan-${uplink}.network.d/60-kong-ndp.conf`;
  const changes = await compare(
    new Map([[of("c"), { text: "next\n", mode: 0o644 }]]),
    new Map([
      [of("a"), onDisk("mine\n")],
      [of("b"), onDisk("mine\n")],
    ]),
    new Map([
      [of("a"), base],
      [of("b"), base],
    ]),
  );
  expect(changes.map(({ path, action }) => [path, action])).toEqual([
    [of("c"), "create"],
    [of("a"), "orphan"],
    [of("b"), "orphan"],
  ]);
});
