import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { changesOf, cutOffs, runKilled } from "../support/kill.ts";
import { batched, redacted, run, Sandbox, snapshot } from "../support/run.ts";
import { runHere, type Ended } from "../support/in-process.ts";
import { Made, NEXT, TO } from "./made.ts";

/** A change that makes files, replaces, merges, renames and takes away. */
const CHANGE = ["regenerate", ...TO, "--ndp", "kernel", "--database", "off"];

const made = await new Made().make();
made.edit("README.md", (text) => `mine\n\n${text}`);
made.edit("scripts/verify.sh", (text) => `${text}# mine\n`);
// An undo of before, which must not get lost either.
await made.regenerate("--domain", "gw.example.com");
const before = look(made.sandbox);

function copied(from: Sandbox = made.sandbox): Sandbox {
  const sandbox = new Sandbox();
  cpSync(from.path("gw"), sandbox.path("gw"), { recursive: true });
  return sandbox;
}

/** All that is there, but for the numbers of processes. */
const whole = (sandbox: Sandbox): string =>
  JSON.stringify(redacted(snapshot(sandbox.cwd)))
    .replace(/\.kong-ipv6\.\d+\.lock/g, ".lock")
    .replace(/(\/(?:pid|claim\.\d+)":"file \d+) \d+"/g, '$1"');

function look(sandbox: Sandbox, besides: readonly string[] = []): string {
  const kept = [".kong-ipv6.undo", ...besides];
  return JSON.stringify(redacted(snapshot(sandbox.path("gw"), kept)));
}

const start = (sandbox: Sandbox, at = 0): ReturnType<typeof run> =>
  runKilled(sandbox, CHANGE, at, { cwd: "gw" });

/** How often CHANGE changes the disk, and what is there then. */
async function runWhole(): Promise<{ changes: number; after: string }> {
  const whole = copied();
  return { changes: changesOf(await start(whole)), after: look(whole) };
}

const { changes, after } = await runWhole();

test("killed at 50 points of the write: the state is before or after, and the next run works", async () => {
  // The end, where all falls into place, at each change; the rest evenly.
  const tail = Array.from({ length: 30 }, (_, back) => changes - back);
  const rest = Array.from(
    { length: 22 },
    (_, part) => 1 + Math.floor((part * (changes - 31)) / 22),
  );
  const points = [...new Set([...rest, ...tail])];
  expect(points.length).toBeGreaterThanOrEqual(50);

  const left = await cutOffs(copied(), CHANGE, points, { cwd: "gw" });
  const complaints = await batched(points, async (at, index) => {
    const found: string[] = [];
    const sandbox = left.get(at) as Sandbox;
    // Some are killed, to see that this is what it leaves.
    if (index % 8 === 0) {
      const killed = copied();
      const { signal, stderr } = await start(killed, at);
      if (signal !== "SIGKILL") found.push(`not killed: ${stderr}`);
      if (whole(killed) !== whole(sandbox))
        found.push("not what a kill leaves");
    }
    const begun = existsSync(sandbox.path("gw/.kong-ipv6.tmp"));
    // Every third goes on by the same run, the others by one that changes nothing by itself.
    const same = index % 3 === 0;
    const [command, ...flags] = same ? CHANGE : ["regenerate"];
    const next = await runHere([
      command as string,
      sandbox.path("gw"),
      ...flags,
    ]);
    if (next.code !== 0) found.push(`next run: ${next.code} ${next.stderr}`);
    const now = look(sandbox);
    const became = same ? /(its|all) / : now === after ? /all / : /its /;
    const told = new RegExp(`interrupted while writing here: ${became.source}`);
    if (begun && !told.test(next.stdout))
      found.push(`not told ${told}: ${next.stdout.slice(-300)}`);
    if (now !== after && (same || now !== before))
      found.push("neither before nor after");
    const stray = readdirSync(sandbox.path("gw")).filter((name) =>
      /^\.kong-ipv6\.(tmp|\d)/.test(name),
    );
    // A lock that was never taken is swept away by the next write.
    if (stray.length > 0 && at > 2) found.push(`left: ${stray.join()}`);
    if (!existsSync(sandbox.path("gw/.kong-ipv6.undo/journal.json")))
      found.push("undo is lost");
    return found.map((complaint) => `change ${at} of ${changes}: ${complaint}`);
  });
  expect(complaints.flat()).toEqual([]);
}, 120_000);

/** Cut off near the end: at eight changes before it, and where all is in its place. */
async function cutOffNearTheEnd(): Promise<{ begun: Sandbox; done: Sandbox }> {
  const last = Array.from({ length: 10 }, (_, back) => changes - back);
  const left = await cutOffs(copied(), CHANGE, last, { cwd: "gw" });
  const done = [...left.values()].find(
    (sandbox) =>
      existsSync(sandbox.path("gw/.kong-ipv6.tmp")) &&
      look(sandbox, [".kong-ipv6.tmp"]) === after,
  );
  return { begun: left.get(changes - 8) as Sandbox, done: done as Sandbox };
}

const { begun, done } = await cutOffNearTheEnd();

test("killed after the last write: the next run says that all files were written", async () => {
  const sandbox = copied(done);
  const call = (command: string, ...flags: string[]): Promise<Ended> =>
    runHere([command, sandbox.path("gw"), ...flags]);
  const check = await call("check");
  expect(check).toMatchObject({ code: 4 });
  expect(check.stdout).toContain(
    "It had written everything; regenerate cleans up.",
  );
  const told =
    "interrupted while writing here: all files were written, and stay.";
  expect((await call("regenerate", "--dry-run")).stdout).toContain(told);
  expect((await call("regenerate")).stdout).toContain(told);
  expect(look(sandbox)).toBe(after);
  expect((await call("check")).stdout).not.toMatch(/cut off|interrupted/);
});

test("a refused run undid an interrupted write, and did not say so", async () => {
  const sandbox = copied(begun);
  const before = sandbox.tree();
  const refused = await runHere([
    "regenerate",
    sandbox.path("gw"),
    "--prefix",
    "typo",
  ]);
  expect(refused.code).toBe(2);
  expect(sandbox.tree()).toEqual(before);
  const next = await runHere(["regenerate", sandbox.path("gw")]);
  expect(next.stdout).toContain("its writes were undone.");
});

test("undo after a kill undoes only one write", async () => {
  const sandbox = copied(begun);
  const undo = (...flags: string[]): Promise<Ended> =>
    runHere(["undo", sandbox.path("gw"), ...flags]);
  const told = /was interrupted: only its unfinished write .* undone\.\s/;
  expect(await undo("--dry-run")).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(told),
  });
  const json = await undo("--dry-run", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ recovered: "rolled back" });
  expect(await undo()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(told),
  });
  expect(look(sandbox)).toBe(before);
  // The one before is taken back when that is asked for.
  expect(await undo()).toMatchObject({ code: 0 });
  expect(sandbox.read("gw/README.md")).not.toContain("gw.example.com");
});

test("undo after a kill after the last write undoes that write", async () => {
  const sandbox = copied(done);
  const { code, stdout } = await runHere(["undo", sandbox.path("gw")]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining(
      "interrupted after it had written everything",
    ),
  });
  expect(look(sandbox)).toBe(before);
});

test("two runs at once: one writes, the other fails at once and damages nothing", async () => {
  await batched(Array.from({ length: 8 }), async () => {
    const sandbox = copied();
    const both = await Promise.all(
      [CHANGE, CHANGE].map((args) => run(sandbox, args, { cwd: "gw" })),
    );
    const codes = both.map(({ code }) => code).sort();
    expect(
      codes,
      both.map(({ stderr, stdout }) => stderr + stdout.slice(-400)).join(),
    ).toEqual([0, codes[1] === 0 ? 0 : 1]);
    for (const { code, stderr } of both)
      if (code !== 0)
        expect(stderr).toMatch(
          /another run( \(process \d+\))? is writing to|was changed (meanwhile|by another run); nothing was written/,
        );
    expect(look(sandbox)).toBe(after);
    expect(sandbox.read("gw/README.md")).toContain(NEXT);
  });
}, 60_000);

test("two runs find an interrupted run: one recovers it", async () => {
  await batched(Array.from({ length: 4 }), async () => {
    const sandbox = copied(begun);
    const both = await Promise.all(
      [CHANGE, CHANGE].map((args) => run(sandbox, args, { cwd: "gw" })),
    );
    expect(
      both.map(({ code }) => code),
      both.map((one) => one.stderr).join(),
    ).toContain(0);
    expect(look(sandbox)).toBe(after);
  });
}, 60_000);

test("a file that was edited after a kill is reported by the next run", async () => {
  const sandbox = copied(begun);
  const compose = sandbox.path("gw/docker-compose.yml");
  const env = sandbox.path("gw/.env");
  const [was, wrote] = [before, look(sandbox)];
  expect(wrote).not.toBe(was);
  for (const path of [compose, env])
    writeFileSync(path, `${readFileSync(path, "utf8")}# mine\n`);
  const call = (): Promise<Ended> =>
    runHere(["regenerate", sandbox.path("gw")]);
  const told = await call();
  expect(told.code).toBe(3);
  for (const name of ["docker-compose.yml", ".env"]) {
    const old = new RegExp(
      `${name} \\(before: (\\.kong-ipv6\\.undo/old/\\d+)\\)`,
    );
    const [, kept = ""] = old.exec(told.stderr) ?? [];
    expect(readFileSync(sandbox.path(`gw/${kept}`), "utf8")).not.toContain(
      "# mine",
    );
    expect(readFileSync(sandbox.path(`gw/${name}`), "utf8")).toContain(
      "# mine",
    );
  }
  expect((await call()).stdout).not.toMatch(/cut off|interrupted/);
});
