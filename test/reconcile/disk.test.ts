import fc from "fast-check";
import {
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { inspectRepository } from "../../src/reconcile/check.ts";
import type { Change } from "../../src/reconcile/change.ts";
import { RESOLUTIONS } from "../../src/reconcile/request.ts";
import { generate } from "../support/generate.ts";
import { readState } from "../../src/repository/state-reader.ts";
import { stateText } from "../../src/repository/state.ts";
import { undoLast } from "../../src/repository/undo.ts";
import { Sandbox, snapshot, type Snapshot } from "../support/run.ts";
import { announceSeed, longRuns } from "../support/seed.ts";
import { answerChanges, editAll, edits } from "./edits.ts";
import { STATE } from "./made.ts";
import { happened, unusual } from "./unusual.ts";
import { survey } from "../../src/answers/resolve.ts";
import { resolveAll } from "../../src/reconcile/prepare.ts";
import { reportBranches, resetBranches } from "../support/branches.ts";
import {
  created,
  regenerated,
  START,
  usable,
  type World,
} from "./in-memory.ts";

announceSeed();

beforeAll(resetBranches);

const first = created(START);

/** Puts a world on a disk, with something of somebody else's beside it. */
function put(world: World): Sandbox {
  const sandbox = new Sandbox({
    "beside/mine.txt": "mine\n",
    // As in memory.
    "gw/data/": "",
  });
  const state = { text: stateText(world.state), mode: 0o644 };
  for (const [path, { text, mode }] of [
    ...world.files,
    [STATE, state] as const,
  ]) {
    const at = sandbox.path("gw", path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
    chmodSync(at, mode);
  }
  for (const path of world.others.keys()) {
    mkdirSync(dirname(sandbox.path("gw", path)), { recursive: true });
    symlinkSync("nowhere", sandbox.path("gw", path));
  }
  return sandbox;
}

const look = (sandbox: Sandbox): Snapshot =>
  snapshot(sandbox.root, ["cwd/gw/.kong-ipv6.undo"]);

/** The generated files as `look` shows them, without the secret that is new on each side. */
const own = (tree: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tree)
      .filter(
        ([path, what]) =>
          what.startsWith("file") &&
          path.startsWith("cwd/gw/") &&
          !path.endsWith(STATE),
      )
      .map(([path, what]) => [path, what.replace(/[0-9a-f]{64}/, "<64>")]),
  );

const shown = (world: World): Record<string, string> =>
  Object.fromEntries(
    [...world.files].map(([path, { text, mode }]) => [
      `cwd/gw/${path}`,
      `file ${mode.toString(8).padStart(4, "0")} ${Buffer.from(text).toString("latin1")}`,
    ]),
  );

/** Every conflict that is left is one for check, too. */
function checkFinds(directory: string, changes: readonly Change[]): void {
  const { files } = inspectRepository(directory);
  const found = new Map(files.map(({ path, status }) => [path, status]));
  for (const { path, from, action, noSidecar } of changes)
    if (action === "conflict" && noSidecar === undefined)
      expect(found.get(from ?? path), path).toBe("conflict");
}

const conflicts = fc.constantFrom("ask", ...RESOLUTIONS);

test("on a disk as in memory; nothing outside changes; undo and redo restore everything", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(edits, unusual, answerChanges, fc.boolean(), conflicts),
      async ([list, more, changes, dryRun, conflict]) => {
        const given = usable(first, changes);
        const found = survey(given, { defaults: false });
        const { answers } = resolveAll(found, first.state);
        const { world: plain } = editAll(first, list, given);
        const world = happened(plain, more, answers);
        const sandbox = put(world);
        const directory = sandbox.path("gw");
        const before = look(sandbox);
        const { state: previous, text: previousText } = readState(directory);
        const request = {
          directory,
          dryRun,
          conflict,
          git: false,
          previous,
          previousText,
        } as const;
        const { written, changes: done } = await generate(given, request);
        const after = look(sandbox);
        const resolution = conflict === "ask" ? undefined : conflict;
        if (!dryRun)
          expect(own(after)).toEqual(
            own(shown((await regenerated(world, given, resolution)).world)),
          );
        if (!dryRun) checkFinds(directory, done);
        expect(look(sandbox)).toEqual(after);
        for (const [path, what] of Object.entries(before))
          if (!path.startsWith("cwd/gw")) expect(after[path]).toBe(what);
        for (const tree of written ? [before, after] : []) {
          undoLast(directory, { dryRun: false, force: false });
          expect(look(sandbox)).toEqual(tree);
        }
        if (!written) expect(after).toEqual(before);
        rmSync(sandbox.root, { recursive: true });
      },
    ),
    longRuns(50),
  );
  // The rest needs git, an interrupted run or create: tests by name.
  reportBranches(
    /^src\/reconcile\/(check-notes|notices|prepare|remaining|required)/,
    0,
  );
}, 120_000);
