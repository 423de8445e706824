import { expect, test } from "vitest";
import { runHere } from "../support/in-process.ts";
import { changesOf, cutOffs, runKilled } from "../support/kill.ts";
import {
  batched,
  PREFIX,
  redacted,
  Sandbox,
  snapshot,
  type Snapshot,
} from "../support/run.ts";

const ANSWERS = [...PREFIX, "--internal-prefix", "fd4c:8a1e:92b7::/64"];

interface Scene {
  readonly files: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly args: readonly string[];
  /** How the next run is called. */
  readonly again: readonly string[];
  /** All appears by one rename: there is no moment in between. */
  readonly atOnce: boolean;
}

const MINE = {
  "gw/README.md": "# Mine\n",
  "gw/.env": "KONG_PG_PASSWORD=mine\nOTHER=1\n",
  "gw/src/app.js": "mine();\n",
};

const SCENES: readonly (readonly [string, Scene])[] = [
  [
    "a new directory",
    { files: {}, cwd: "", args: ["gw"], again: ["gw"], atOnce: true },
  ],
  [
    "new directories",
    { files: {}, cwd: "", args: ["a/b/gw"], again: ["a/b/gw"], atOnce: true },
  ],
  [
    "an empty directory",
    {
      files: { "gw/": "" },
      cwd: "",
      args: ["gw"],
      again: ["gw"],
      atOnce: true,
    },
  ],
  [
    "the current directory",
    { files: { "gw/": "" }, cwd: "gw", args: ["."], again: [], atOnce: false },
  ],
  [
    "a directory in use",
    {
      files: MINE,
      cwd: "",
      args: ["gw", "--conflict", "theirs"],
      again: ["gw", "--conflict", "theirs"],
      atOnce: false,
    },
  ],
];

/** At which changes of the disk: all over the run, and around its end, where all falls into place. */
function points(changes: number, { atOnce }: Scene): number[] {
  const spread = (atOnce ? [0.6] : [0.25, 0.5, 0.65, 0.8]).map((part) =>
    Math.ceil(part * changes),
  );
  const end = (atOnce ? [2, 1, 0] : [5, 4, 3, 2, 1, 0]).map(
    (before) => changes - before,
  );
  return [...new Set([1, ...spread, ...end])];
}

/** What is there, but for what the write keeps of its own for undo. */
function look(sandbox: Sandbox): Snapshot {
  return redacted(snapshot(sandbox.cwd, ["gw/.kong-ipv6.undo"]));
}

/** What is there by name, but for the numbers of processes. */
const names = ({ cwd }: Sandbox): string =>
  Object.keys(snapshot(cwd))
    .join()
    .replace(/\d{2,}/g, "N");

/** Where a file of somebody else was, or where the write keeps it. */
function isLost(sandbox: Sandbox, text: string): boolean {
  return !Object.values(snapshot(sandbox.cwd)).some((content) =>
    content.endsWith(` ${text}`),
  );
}

let cut = 0;

test.each(SCENES)("killed while writing %s", async (_, scene) => {
  const { files, cwd, args, again, atOnce } = scene;
  const owned = Object.values(files).filter((text) => text !== "");
  const whole = new Sandbox(files);
  const before = JSON.stringify(look(whole));
  const call = [...args, ...ANSWERS];
  const run = await runKilled(whole, call, 0, { cwd });
  expect(run.code, run.stderr).toBe(0);
  const changes = changesOf(run);
  const after = JSON.stringify(look(whole));

  const moments = points(changes, scene);
  const left = await cutOffs(new Sandbox(files), call, moments, { cwd });
  const complaints = await batched(moments, async (at) => {
    const found: string[] = [];
    const complain = (text: string): void =>
      void found.push(`change ${at}: ${text}`);
    const sandbox = left.get(at) as Sandbox;
    cut += 1;
    // One is killed, to see that this is what it leaves.
    if (at === moments.at(-2)) {
      const dead = new Sandbox(files);
      const { signal, stderr } = await runKilled(dead, call, at, { cwd });
      if (signal !== "SIGKILL") complain(`not killed: ${stderr}`);
      const [kill, copy] = [dead, sandbox].map(names);
      if (kill !== copy) complain(`a kill leaves ${kill}, not ${copy}`);
    }
    const beside = Object.entries(look(sandbox)).filter(
      ([path]) => !/^\.\w+\.kong-ipv6-/.test(path),
    );
    const now = JSON.stringify(Object.fromEntries(beside));
    if (atOnce && now !== before && now !== after)
      complain(`half of it is there: ${now}`);
    for (const text of owned)
      if (isLost(sandbox, text)) complain(`lost: ${text}`);

    const next = await runHere([...again, ...ANSWERS], sandbox.path(cwd));
    // Where all was in its place already, the next run may say so.
    const isWhole =
      next.code === 2 &&
      next.stderr.includes("already holds a generated repository");
    if (next.code !== 0 && !isWhole)
      complain(`next run: ${next.code} ${next.stderr}`);
    const finally_ = JSON.stringify(look(sandbox));
    if (finally_ !== after) complain(`after the next run: ${finally_}`);
    for (const text of owned)
      if (isLost(sandbox, text)) complain(`lost at last: ${text}`);
    return found;
  });
  expect(complaints.flat()).toEqual([]);
});

test("cut off at many moments", () => {
  expect(cut).toBeGreaterThanOrEqual(35);
});
