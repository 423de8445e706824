import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { changesOf, cutOffs, runKilled } from "../support/kill.ts";
import { sha256 } from "../../src/repository/state.ts";
import {
  batched,
  PREFIX,
  redacted,
  run,
  Sandbox,
  snapshot,
} from "../support/run.ts";

const MINE = { "gw/README.md": "# Mine\n", "gw/src/app.js": "mine();\n" };

const CALL = [
  "gw",
  ...PREFIX,
  "--internal-prefix",
  "fd4c:8a1e:92b7::/64",
  "--conflict",
  "theirs",
];

/** What is there, but for what the write keeps of its own for undo. */
const look = (sandbox: Sandbox): string =>
  JSON.stringify(redacted(snapshot(sandbox.cwd, ["gw/.kong-ipv6.undo"])));

/** A directory in use, with a run in it that was killed when half of the files were in place. */
const half = await (async () => {
  const changes = changesOf(await runKilled(new Sandbox(MINE), CALL));
  const left = await cutOffs(new Sandbox(MINE), CALL, [changes - 6]);
  return left.get(changes - 6) as Sandbox;
})();

function halfWritten(): Sandbox {
  const sandbox = new Sandbox();
  cpSync(half.cwd, sandbox.cwd, { recursive: true });
  expect(readdirSync(sandbox.path("gw"))).toContain(".kong-ipv6.tmp");
  expect(readFileSync(sandbox.path("gw/README.md"), "utf8")).not.toBe(
    MINE["gw/README.md"],
  );
  return sandbox;
}

test("killed again while what was begun is taken back", async () => {
  const want = new Sandbox(MINE);
  await runIn(want, CALL);
  const complaints = await batched([1, 2, 4, 8, 14, 20], async (at) => {
    const sandbox = halfWritten();
    const second = await runKilled(sandbox, CALL, at);
    const third = await runIn(sandbox, CALL);
    const ended = [second.signal, third.code, look(sandbox)];
    return String(ended) === String(["SIGKILL", 0, look(want)])
      ? []
      : [at, ...ended];
  });
  expect(complaints.flat()).toEqual([]);
});

test("it is said that something was taken back, and --dry-run takes nothing back", async () => {
  const sandbox = halfWritten();
  const before = snapshot(sandbox.cwd);
  const dry = await runIn(sandbox, ["gw", ...PREFIX, "--dry-run"]);
  expect(dry.stdout).toContain(
    "An earlier run was interrupted while writing here: without --dry-run",
  );
  expect(snapshot(sandbox.cwd)).toEqual(before);
  const next = await runIn(sandbox, CALL);
  expect(next.stdout).toContain(
    "An earlier run was interrupted while writing here: its writes were undone.",
  );
});

test("what the owner wrote after a cut-off is not taken back", async () => {
  const sandbox = halfWritten();
  writeFileSync(sandbox.path("gw/README.md"), "# Mine again\n");
  const told = await runIn(sandbox, ["gw", ...PREFIX]);
  expect(told.code).toBe(3);
  expect(told.stderr).toContain(
    "except in files that were edited since: README.md (",
  );
  const { code, stdout } = await runIn(sandbox, ["gw", ...PREFIX]);
  expect(code).toBe(3);
  expect(stdout).toContain("README.md  (create-kong-ipv6 did not write it)");
  expect(sandbox.read("gw/README.md")).toBe("# Mine again\n");
  const kept = Object.values(snapshot(sandbox.path("gw/.kong-ipv6.undo/old")));
  expect(kept).toEqual([`file 0644 ${MINE["gw/README.md"]}`]);
});

test("another run that is still writing is left alone", async () => {
  const sandbox = halfWritten();
  writeFileSync(sandbox.path("gw/.kong-ipv6.tmp/pid"), String(process.pid));
  const before = snapshot(sandbox.cwd);
  const { code, stderr } = await run(sandbox, CALL);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `another run (process ${process.pid}) is writing to`,
  );
  expect(snapshot(sandbox.cwd)).toEqual(before);
});

/** What a directory from somebody else may contain, to make the command write elsewhere. */
const HOSTILE: Record<string, (sandbox: Sandbox) => void> = {
  "a path upwards": (sandbox) =>
    journal(sandbox, {
      files: [{ path: "../victim.txt", replaced: false }],
      made: [],
    }),
  "an absolute path": (sandbox) =>
    journal(sandbox, {
      files: [{ path: sandbox.path("victim.txt"), replaced: true }],
      made: [],
    }),
  "a path through a link": (sandbox) => {
    symlinkSync("..", sandbox.path("gw/link"));
    journal(sandbox, {
      files: [{ path: "link/victim.txt", replaced: false }],
      made: [],
    });
  },
  "a directory upwards": (sandbox) =>
    journal(sandbox, { files: [], made: ["../empty"] }),
  "no journal": (sandbox) => journal(sandbox, "nonsense"),
  "a journal of something else": (sandbox) => journal(sandbox, { files: 1 }),
  "a link": (sandbox) => symlinkSync("..", sandbox.path("gw/.kong-ipv6.tmp")),
  "terminal escapes in a path": (sandbox) =>
    journal(sandbox, { files: [{ path: "a\u001b[31mX", replaced: false }] }),
  "git's own in capitals": (sandbox) =>
    journal(sandbox, { files: [{ path: ".GIT/config", replaced: false }] }),
  "old files behind a link": (sandbox) => {
    journal(sandbox, { files: [{ path: "mine.txt", replaced: true }] });
    rmSync(sandbox.path("gw/.kong-ipv6.tmp/old"), { recursive: true });
    symlinkSync("../..", sandbox.path("gw/.kong-ipv6.tmp/old"));
  },
};

function journal(sandbox: Sandbox, content: unknown): void {
  mkdirSync(sandbox.path("gw/.kong-ipv6.tmp/old"), { recursive: true });
  writeFileSync(sandbox.path("gw/.kong-ipv6.tmp/old/0"), "evil\n");
  writeFileSync(
    sandbox.path("gw/.kong-ipv6.tmp/journal.json"),
    JSON.stringify(
      typeof content === "object"
        ? { files: [], made: [], removed: [], filled: [], ...content }
        : content,
    ),
  );
}

test.each(Object.entries(HOSTILE))(
  "a journal is not trusted: %s",
  async (_, prepare) => {
    const sandbox = new Sandbox({
      "gw/mine.txt": "mine\n",
      "victim.txt": "victim\n",
      "empty/": "",
    });
    prepare(sandbox);
    const before = sandbox.tree();
    const { code, stderr, tree } = await runIn(sandbox, ["gw", ...PREFIX]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "gw/.kong-ipv6.tmp was not left by create-kong-ipv6. Look at it, and move it away.",
    );
    expect(tree).toEqual(before);
  },
);

test("a link in the place of a copy led a recovery to a file elsewhere", async () => {
  const sandbox = new Sandbox({
    "gw/README.md": "new\n",
    "victim.txt": "mine\n",
  });
  const entry = { path: "README.md", replaced: true, sha256: sha256("new\n") };
  const pending = { path: "b", replaced: false, sha256: "0", mode: 0o644 };
  journal(sandbox, { files: [{ ...entry, mode: 0o644 }, pending] });
  mkdirSync(sandbox.path("gw/.kong-ipv6.tmp/new"));
  writeFileSync(sandbox.path("gw/.kong-ipv6.tmp/new/1"), "");
  symlinkSync("../../victim.txt", sandbox.path("gw/.kong-ipv6.tmp/back"));
  await runIn(sandbox, ["gw", ...PREFIX]);
  expect(sandbox.read("victim.txt")).toBe("mine\n");
  expect(snapshot(sandbox.path("gw"))["README.md"]).toBe("file 0644 evil\n");
});
