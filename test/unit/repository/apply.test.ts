import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { apply } from "../../../src/repository/apply.ts";
import { compare } from "../../../src/reconcile/compare.ts";
import { applyResolution } from "../../../src/reconcile/resolve-conflict.ts";
import type { Resolution } from "../../../src/reconcile/request.ts";
import { readDisk } from "../../../src/repository/disk.ts";
import { FailedError } from "../../../src/base/errors.ts";
import { UNDO } from "../../../src/repository/journal.ts";
import { recover } from "../../../src/repository/recover.ts";
import {
  operationsOf,
  stateOperation,
} from "../../../src/reconcile/operations.ts";
import { type Operation } from "../../../src/repository/operation.ts";
import type { File, Tree } from "../../../src/render/render.ts";
import { SECRET } from "../../../src/render/secrets.ts";
import { power } from "../../support/power.ts";
import { readTree, temporary } from "../../support/trees.ts";

vi.mock("node:fs", async (original) => {
  const { withPower } = await import("../../support/power.ts");
  return await withPower(original);
});

beforeEach(() => power.on());

const STATE = ".kong-ipv6.json";

const RENDERED: Tree = new Map<string, File>([
  [".env", { text: `A=1\nKONG_PG_PASSWORD=${SECRET}\n`, mode: 0o600 }],
  ["README.md", { text: "# Generated\n", mode: 0o644 }],
  ["host/etc/netplan/60.yaml", { text: "network: 2\n", mode: 0o600 }],
  ["host/etc/sysctl.d/60.conf", { text: "a = 1\n", mode: 0o644 }],
  ["scripts/apply.sh", { text: "#!/bin/sh\n", mode: 0o755 }],
]);

const OWNERS: Tree = new Map<string, File>([
  [".env", { text: "KONG_PG_PASSWORD=mine\nOTHER=1\n", mode: 0o640 }],
  ["README.md", { text: "# Mine\n", mode: 0o644 }],
  ["host/mine.txt", { text: "mine\n", mode: 0o644 }],
  ["src/app.js", { text: "mine();\n", mode: 0o755 }],
]);

function put(directory: string, tree: Tree): string {
  for (const [path, { text, mode }] of tree) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
    chmodSync(join(directory, path), mode);
  }
  return directory;
}

async function operationsFor(
  directory: string,
  word: Resolution = "theirs",
): Promise<Operation[]> {
  const disk = readDisk(directory, [...RENDERED.keys(), STATE]);
  const changes = await compare(RENDERED, disk);
  const settled = changes.flatMap((change) => applyResolution(change, word));
  return [...operationsOf(settled, disk), stateOperation("{}\n", disk)];
}

const write = async (directory: string): Promise<void> =>
  apply(directory, await operationsFor(directory));

/** Every file and directory, the undo journal left out; a random password as such. */
function snapshot(directory: string): Record<string, unknown> {
  if (!existsSync(directory)) return {};
  const found: Record<string, unknown> = {};
  for (const entry of readdirSync(directory, {
    recursive: true,
    withFileTypes: true,
  })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    // Another process would take this one's lock away; the test has the same id.
    if (path.startsWith(UNDO) || /^\.kong-ipv6\.\d+\.lock/.test(path)) continue;
    found[path] = entry.isDirectory()
      ? "directory"
      : [
          readFileSync(join(directory, path), "utf8").replace(
            /=[0-9a-f]{64}$/m,
            "=<random>",
          ),
          statSync(join(directory, path)).mode & 0o7777,
        ];
  }
  return found;
}

const hasNoTrace = (directory: string): void => {
  // New parents appear together with the directory.
  let parent = dirname(directory);
  while (!existsSync(parent)) parent = dirname(parent);
  const left = /^\.(a|gateway)\.kong-ipv6-/;
  expect(readdirSync(parent).filter((name) => left.test(name))).toEqual([]);
  if (existsSync(directory))
    expect(readdirSync(directory)).not.toContain(".kong-ipv6.tmp");
};

describe("a new directory", () => {
  test("appears complete, with the same modes under any umask", async () => {
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const directory = join(temporary(), "a/b/gateway");
    await write(directory);
    expect(snapshot(directory)).toEqual({
      ".env": ["A=1\nKONG_PG_PASSWORD=<random>\n", 0o600],
      ".kong-ipv6.json": ["{}\n", 0o644],
      "README.md": ["# Generated\n", 0o644],
      host: "directory",
      "host/etc": "directory",
      "host/etc/netplan": "directory",
      "host/etc/netplan/60.yaml": ["network: 2\n", 0o600],
      "host/etc/sysctl.d": "directory",
      "host/etc/sysctl.d/60.conf": ["a = 1\n", 0o644],
      scripts: "directory",
      "scripts/apply.sh": ["#!/bin/sh\n", 0o755],
    });
    expect(statSync(join(directory, "host/etc")).mode & 0o777).toBe(0o755);
    expect(existsSync(join(directory, UNDO))).toBe(false);
  });

  test("is passed to prepare before it appears", async () => {
    const directory = join(temporary(), "gateway");
    const seen: boolean[] = [];
    const operations = await operationsFor(directory);
    apply(directory, operations, (inside) => {
      seen.push(existsSync(directory), existsSync(join(inside, "README.md")));
    });
    expect(seen).toEqual([false, true]);
  });

  test("doesn't appear if prepare fails", async () => {
    const root = temporary();
    const fail = (): void => {
      throw Object.assign(new Error("no git"), { code: "ENOENT" });
    };
    const directory = join(root, "a/gateway");
    const operations = await operationsFor(directory);
    const act = (): void => apply(directory, operations, fail);
    expect(act).toThrow(FailedError);
    expect(readdirSync(root)).toEqual([]);
  });

  test("that exists and is empty keeps its own mode", async () => {
    const directory = join(temporary(), "gateway");
    mkdirSync(directory);
    chmodSync(directory, 0o2750);
    await write(directory);
    expect(statSync(directory).mode & 0o7777).toBe(0o2750);
    expect(existsSync(join(directory, "README.md"))).toBe(true);
  });

  test.each(["EBUSY", "EXDEV"])(
    "that is an empty mount point is written in place (%s)",
    async (code) => {
      const directory = join(temporary(), "gateway");
      mkdirSync(directory);
      const { ino } = statSync(directory);
      power.refused = { name: "renameSync", path: directory, code };
      await write(directory);
      expect(statSync(directory).ino).toBe(ino);
      expect(Object.keys(snapshot(directory))).toEqual(
        expect.arrayContaining([...RENDERED.keys(), STATE]),
      );
      expect(existsSync(join(directory, UNDO))).toBe(false);
      hasNoTrace(directory);
    },
  );

  test("the leftovers of another user stopped a run", async () => {
    const root = temporary();
    const staging = join(root, ".gateway.kong-ipv6-4194304");
    mkdirSync(staging);
    power.refused = { name: "rmSync", path: staging, code: "EPERM" };
    const directory = join(root, "gateway");
    await write(directory);
    const lock = join(directory, ".kong-ipv6.4194304.lock");
    mkdirSync(lock);
    power.refused = { name: "rmSync", path: lock, code: "EPERM" };
    await write(directory);
    expect(existsSync(staging) && existsSync(lock)).toBe(true);
  });

  test("the staging directory of a killed run is removed, that of a running one is kept", async () => {
    const root = temporary();
    // No process has the largest id.
    mkdirSync(join(root, ".gateway.kong-ipv6-4194304"));
    mkdirSync(join(root, ".gateway.kong-ipv6-1"));
    mkdirSync(join(root, ".gateway.kong-ipv6-notes"));
    mkdirSync(join(root, ".other.kong-ipv6-4194304"));
    await write(join(root, "gateway"));
    expect(readdirSync(root).sort()).toEqual([
      ".gateway.kong-ipv6-1",
      ".gateway.kong-ipv6-notes",
      ".other.kong-ipv6-4194304",
      "gateway",
    ]);
  });
});

describe("a directory in use", () => {
  test("keeps the owner's files and the password; replaced files are kept for undo", async () => {
    const directory = put(temporary(), OWNERS);
    await write(directory);
    expect(snapshot(directory)).toMatchObject({
      ".env": ["A=1\nKONG_PG_PASSWORD=mine\n\n# Yours:\nOTHER=1\n", 0o600],
      "README.md": ["# Generated\n", 0o644],
      "host/mine.txt": ["mine\n", 0o644],
      "src/app.js": ["mine();\n", 0o755],
    });
    const old = readTree(join(directory, UNDO, "old"));
    expect([...old.values()].map(({ text }) => text).sort()).toEqual([
      "# Mine\n",
      "KONG_PG_PASSWORD=mine\nOTHER=1\n",
    ]);
    // A secret lies in there: it is nobody else's to read.
    expect(statSync(join(directory, UNDO)).mode & 0o077).toBe(0);
    hasNoTrace(directory);
  });

  test("has nothing to undo if nothing was replaced", async () => {
    const directory = put(
      temporary(),
      new Map([["x", { text: "", mode: 0o644 }]]),
    );
    await write(directory);
    expect(existsSync(join(directory, UNDO))).toBe(false);
    hasNoTrace(directory);
  });

  test("keeps the files that the owner chose to keep", async () => {
    const directory = put(temporary(), OWNERS);
    apply(directory, await operationsFor(directory, "keep"));
    expect(snapshot(directory)).toMatchObject({
      ".env": ["KONG_PG_PASSWORD=mine\nOTHER=1\n", 0o640],
      "README.md": ["# Mine\n", 0o644],
      "scripts/apply.sh": ["#!/bin/sh\n", 0o755],
    });
  });
});

const TARGETS: Record<string, () => string> = {
  "a new directory": () => join(temporary(), "a/gateway"),
  "an empty directory": () => {
    const directory = join(temporary(), "gateway");
    mkdirSync(directory);
    return directory;
  },
  "a directory in use": () => put(temporary(), OWNERS),
  // Only root can give files away; then what is written belongs to the directory's owner.
  ...(process.getuid?.() === 0 && {
    "an empty directory of another user": () => {
      const directory = join(temporary(), "gateway");
      mkdirSync(directory);
      lchownSync(directory, OTHER, OTHER);
      return directory;
    },
    "a directory in use of another user": () => {
      const directory = put(temporary(), OWNERS);
      for (const path of ["", ...readdirSync(directory, { recursive: true })])
        lchownSync(join(directory, String(path)), OTHER, OTHER);
      return directory;
    },
  }),
};

const OTHER = 12345;

describe.each(Object.entries(TARGETS))("%s", (_, make) => {
  /** How many changing calls a whole write makes, and what is there then. */
  async function measured(): Promise<{
    calls: number;
    after: Record<string, unknown>;
  }> {
    const directory = make();
    power.on();
    await write(directory);
    return { calls: power.used, after: snapshot(directory) };
  }

  test("is unchanged at whichever write the disk is full", async () => {
    const { calls } = await measured();
    expect(calls).toBeGreaterThan(10);
    for (let cut = 0; cut < calls; cut += 1) {
      const directory = make();
      const before = snapshot(directory);
      const operations = await operationsFor(directory);
      power.cutAfter(cut, "fail");
      expect(() => apply(directory, operations), `call ${cut}`).toThrow(
        FailedError,
      );
      power.on();
      expect([cut, snapshot(directory)]).toEqual([cut, before]);
      hasNoTrace(directory);
    }
  });

  test("is complete or unchanged at whichever call the run is killed, after the next run", async () => {
    const { calls, after } = await measured();
    const outcomes = new Set<string>();
    for (let cut = 0; cut < calls; cut += 1) {
      const directory = make();
      const before = snapshot(directory);
      const operations = await operationsFor(directory);
      power.cutAfter(cut, "dead");
      expect(() => apply(directory, operations)).toThrow();
      power.on();
      if (existsSync(directory)) recover(directory);
      const found = snapshot(directory);
      const whole = JSON.stringify(found) === JSON.stringify(after);
      outcomes.add(whole ? "whole" : "as it was");
      if (!whole) expect([cut, found]).toEqual([cut, before]);
      if (existsSync(directory)) expect(recover(directory)).toBeUndefined();
      // And it can be written again.
      if (whole || cut % 5 !== 0) continue;
      // Another process would take its leftovers away; this one has the same id.
      for (const parent of [dirname(directory), dirname(dirname(directory))]) {
        for (const name of existsSync(parent) ? readdirSync(parent) : [])
          if (/^\.(a|gateway)\.kong-ipv6-/.test(name))
            rmSync(join(parent, name), { recursive: true });
      }
      await write(directory);
      expect([cut, snapshot(directory)]).toEqual([cut, after]);
    }
    expect(outcomes).toContain("as it was");
  });
});

test
  .runIf(process.getuid?.() === 0)
  .each(
    Object.entries(TARGETS).filter(([name]) => name.includes("another user")),
  )("%s: all that is written belongs to that user", async (_, make) => {
  const directory = make();
  await write(directory);
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  expect(paths.length).toBeGreaterThan(5);
  for (const path of ["", ...paths])
    expect([path, lstatSync(join(directory, path)).uid]).toEqual([path, OTHER]);
});

test("a write that can't be undone was reported as undone", async () => {
  const make = TARGETS["a directory in use"] as () => string;
  const whole = make();
  power.on();
  await write(whole);
  const calls = power.used;
  let half = 0;
  for (let cut = 0; cut < calls; cut += 1) {
    const directory = make();
    const before = snapshot(directory);
    const operations = await operationsFor(directory);
    power.cutAfter(cut, "fail");
    power.failures = 3;
    let message = "";
    try {
      apply(directory, operations);
    } catch (error) {
      message = (error as Error).message;
    }
    power.on();
    const found = Object.entries(snapshot(directory)).filter(
      ([path]) => !path.startsWith(".kong-ipv6.tmp"),
    );
    const isAsBefore =
      JSON.stringify(Object.fromEntries(found)) === JSON.stringify(before);
    const told =
      /failed halfway \(ENOSPC\) and can't be undone now \(ENOSPC\); the next run (completes|undoes) it$/.exec(
        message,
      );
    if (told) half += 1;
    else expect([cut, isAsBefore, message]).toEqual([cut, true, message]);
    const recovered = recover(directory);
    if (told?.[1] === "completes") expect(recovered).toBe("completed");
    else expect([cut, snapshot(directory)]).toEqual([cut, before]);
  }
  expect(half).toBeGreaterThan(3);
});

test("edits during a write that failed were not reported", async () => {
  const directory = put(temporary(), OWNERS);
  const operations = await operationsFor(directory);
  const readme = join(directory, "README.md");
  const edit = (): string => {
    writeFileSync(readme, "# Edited meanwhile\n");
    return "ENOSPC";
  };
  power.refused = {
    name: "renameSync",
    path: join(directory, STATE),
    get code() {
      return edit();
    },
  };
  expect(() => apply(directory, operations)).toThrow(
    /^\S+ can't be written \(ENOSPC\)\. What was written was undone, except in files that were edited since: README\.md \(before: /,
  );
  expect(readFileSync(readme, "utf8")).toBe("# Edited meanwhile\n");
});

test("a failure after the files were written was reported as no write", async () => {
  const directory = put(temporary(), OWNERS);
  const operations = await operationsFor(directory);
  const fail = (): never => {
    throw Object.assign(new Error("full"), { code: "ENOSPC" });
  };
  expect(() => apply(directory, operations, fail)).toThrow(/^full$/);
  expect(existsSync(join(directory, STATE))).toBe(true);
});

test("a killed recovery is completed by the next run", async () => {
  const make = TARGETS["a directory in use"] as () => string;
  const whole = make();
  power.on();
  await write(whole);
  const calls = power.used;
  const after = snapshot(whole);
  let recoveriesKilled = 0;
  for (let cut = 0; cut < calls; cut += 3) {
    for (let second = 0; ; second += 1) {
      const directory = make();
      const before = snapshot(directory);
      const operations = await operationsFor(directory);
      power.cutAfter(cut, "dead");
      expect(() => apply(directory, operations)).toThrow();
      power.cutAfter(second, "dead");
      let killed = false;
      try {
        recover(directory);
      } catch {
        killed = true;
      }
      power.on();
      recover(directory);
      const found = snapshot(directory);
      if (JSON.stringify(found) !== JSON.stringify(after))
        expect([cut, second, found]).toEqual([cut, second, before]);
      rmSync(directory, { recursive: true });
      if (!killed) break;
      recoveriesKilled += 1;
    }
  }
  expect(recoveriesKilled).toBeGreaterThan(calls / 3);
});

describe("recover", () => {
  const cutOff = async (): Promise<string> => {
    const directory = put(temporary(), OWNERS);
    const operations = await operationsFor(directory);
    const whole = put(temporary(), OWNERS);
    power.on();
    await write(whole);
    // Among the moves to their places: the state comes last.
    const calls = power.used - 4;
    power.cutAfter(calls, "dead");
    expect(() => apply(directory, operations)).toThrow();
    power.on();
    return directory;
  };

  test("rolls nothing back while the other run is alive", async () => {
    const directory = await cutOff();
    const pid = join(directory, ".kong-ipv6.tmp/pid");
    writeFileSync(pid, "1");
    expect(() => recover(directory)).toThrow(/another run \(process 1\)/);
    writeFileSync(pid, "4194304");
    expect(recover(directory)).toBe("rolled back");
  });

  test("keeps what the owner changed since then", async () => {
    const directory = await cutOff();
    writeFileSync(join(directory, "README.md"), "# Edited after the crash\n");
    expect(() => recover(directory)).toThrow(
      /edited since: README\.md \(before: \.kong-ipv6\.undo\/old\/\d+\)$/,
    );
    expect(readFileSync(join(directory, "README.md"), "utf8")).toBe(
      "# Edited after the crash\n",
    );
    hasNoTrace(directory);
  });

  test.each([
    ["a path that climbs", { path: "../outside", replaced: false }],
    ["an absolute path", { path: "/outside", replaced: false }],
    ["a path through a link", { path: "link/outside", replaced: false }],
  ])("follows no journal with %s", (_, entry) => {
    const root = temporary();
    const directory = join(root, "gateway");
    mkdirSync(join(directory, ".kong-ipv6.tmp"), { recursive: true });
    writeFileSync(join(root, "outside"), "precious");
    symlinkSync(root, join(directory, "link"));
    const journal = { files: [entry], made: [], removed: [], filled: [] };
    writeFileSync(
      join(directory, ".kong-ipv6.tmp/journal.json"),
      JSON.stringify(journal),
    );
    expect(() => recover(directory)).toThrow(FailedError);
    expect(readFileSync(join(root, "outside"), "utf8")).toBe("precious");
  });

  test("does nothing if no write was interrupted", async () => {
    expect(recover(temporary())).toBeUndefined();
  });
});

describe("two runs create a repository in one directory: the second says so", () => {
  const told = {
    message: expect.stringMatching(
      /^another run created a repository in \S+ meanwhile; this one wrote nothing$/,
    ),
    remedy: expect.stringMatching(
      /\n {2}npx create-kong-ipv6@\S+ check \S+\n {2}npx create-kong-ipv6@\S+ regenerate \S+$/,
    ),
    exitCode: 1,
  };

  test.each(["new", "empty", "filled"])("%s directory", async (kind) => {
    const directory = join(temporary(), "gateway");
    if (kind !== "new") mkdirSync(directory);
    if (kind === "filled") writeFileSync(join(directory, "mine.txt"), "mine\n");
    const operations = await operationsFor(directory);
    await write(directory);
    const first = snapshot(directory);
    expect(() => apply(directory, operations)).toThrow(
      expect.objectContaining(told),
    );
    expect(snapshot(directory)).toEqual(first);
  });

  test("right before the rename", async () => {
    const directory = join(temporary(), "gateway");
    const operations = await operationsFor(directory);
    expect(() =>
      apply(directory, operations, () => {
        mkdirSync(directory);
        writeFileSync(join(directory, STATE), "{}\n");
      }),
    ).toThrow(expect.objectContaining(told));
    expect(readdirSync(directory)).toEqual([STATE]);
  });

  test("what is there is no repository: the file is named", async () => {
    const directory = join(temporary(), "gateway");
    const operations = await operationsFor(directory);
    mkdirSync(directory);
    writeFileSync(join(directory, "README.md"), "# Mine\n");
    expect(() => apply(directory, operations)).toThrow(
      /README\.md was changed meanwhile/,
    );
  });
});
