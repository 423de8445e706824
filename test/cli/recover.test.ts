import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  batched,
  PREFIX,
  redacted,
  run,
  Sandbox,
  snapshot,
  type Result,
} from "./run.ts";

const PRELOAD = fileURLToPath(new URL("kill-preload.cjs", import.meta.url));

const MINE = { "gw/README.md": "# Mine\n", "gw/src/app.js": "mine();\n" };

async function start(sandbox: Sandbox, killAt = 0): Promise<Result> {
  const args = [
    "gw",
    ...PREFIX,
    "--internal-prefix",
    "fd4c:8a1e:92b7::/64",
    "--conflict",
    "theirs",
  ];
  return await run(sandbox, args, {
    env: { NODE_OPTIONS: `--require=${PRELOAD}`, KILL_AT: String(killAt) },
  });
}

/** What is there, but for what the write keeps of its own for undo. */
const look = (sandbox: Sandbox): string =>
  JSON.stringify(redacted(snapshot(sandbox.cwd, ["gw/.kong-ipv6.undo"])));

/** How often a whole run changes the disk. */
let changes: Promise<number> | undefined;

/** A directory in use, with a run in it that was killed when half of the files were in place. */
async function halfWritten(): Promise<Sandbox> {
  changes ??= start(new Sandbox(MINE)).then(({ stderr }) =>
    Number(/(\d+) changes/.exec(stderr)?.[1]),
  );
  const sandbox = new Sandbox(MINE);
  expect((await start(sandbox, (await changes) - 6)).signal).toBe("SIGKILL");
  expect(readdirSync(sandbox.path("gw"))).toContain(".kong-ipv6.tmp");
  expect(readFileSync(sandbox.path("gw/README.md"), "utf8")).not.toBe(
    MINE["gw/README.md"],
  );
  return sandbox;
}

test("killed again while what was begun is taken back", async () => {
  const want = new Sandbox(MINE);
  await start(want);
  const complaints = await batched([1, 2, 4, 8, 14, 20], async (at) => {
    const sandbox = await halfWritten();
    const second = await start(sandbox, at);
    const third = await start(sandbox);
    const ended = [second.signal, third.code, look(sandbox)];
    return String(ended) === String(["SIGKILL", 0, look(want)])
      ? []
      : [at, ...ended];
  });
  expect(complaints.flat()).toEqual([]);
});

test("it is said that something was taken back, and --dry-run takes nothing back", async () => {
  const sandbox = await halfWritten();
  const before = snapshot(sandbox.cwd);
  const dry = await run(sandbox, ["gw", ...PREFIX, "--dry-run"]);
  expect(dry.stdout).toContain(
    "An earlier run was cut off while writing here: without --dry-run",
  );
  expect(snapshot(sandbox.cwd)).toEqual(before);
  const next = await start(sandbox);
  expect(next.stdout).toContain(
    "An earlier run was cut off while writing here: what it had begun was taken back.",
  );
});

test("what the owner wrote after a cut-off is not taken back", async () => {
  const sandbox = await halfWritten();
  writeFileSync(sandbox.path("gw/README.md"), "# Mine again\n");
  const told = await run(sandbox, ["gw", ...PREFIX]);
  expect(told.code).toBe(3);
  expect(told.stderr).toContain("but for what was edited since: README.md (");
  const { code, stdout } = await run(sandbox, ["gw", ...PREFIX]);
  expect(code).toBe(3);
  expect(stdout).toContain("README.md  (a file that is not ours)");
  expect(sandbox.read("gw/README.md")).toBe("# Mine again\n");
  const kept = Object.values(snapshot(sandbox.path("gw/.kong-ipv6.undo/old")));
  expect(kept).toEqual([`file 0644 ${MINE["gw/README.md"]}`]);
});

test("another run that is still writing is left alone", async () => {
  const sandbox = await halfWritten();
  writeFileSync(sandbox.path("gw/.kong-ipv6.tmp/pid"), String(process.pid));
  const before = snapshot(sandbox.cwd);
  const { code, stderr } = await start(sandbox);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `another run (process ${process.pid}) is writing to`,
  );
  expect(snapshot(sandbox.cwd)).toEqual(before);
});

/** What a directory from somebody else may hold, to make the command write elsewhere. */
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
};

function journal(sandbox: Sandbox, content: unknown): void {
  mkdirSync(sandbox.path("gw/.kong-ipv6.tmp/old"), { recursive: true });
  writeFileSync(sandbox.path("gw/.kong-ipv6.tmp/old/0"), "evil\n");
  writeFileSync(
    sandbox.path("gw/.kong-ipv6.tmp/journal.json"),
    JSON.stringify(content),
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
    const { code, stderr, tree } = await run(sandbox, ["gw", ...PREFIX]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "gw/.kong-ipv6.tmp was not left by create-kong-ipv6. Look at it, and move it away.",
    );
    expect(tree).toEqual(before);
  },
);
