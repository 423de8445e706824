import { diffArrays } from "diff";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rewriter } from "../../src/renumber/rewrite.ts";
import { hasMarkers } from "../../src/merge/conflict-markers.ts";
import type { Change } from "../../src/reconcile/change.ts";
import { RESOLUTIONS } from "../../src/reconcile/request.ts";
import { merge } from "../../src/merge/three-way.ts";
import type { Answers } from "../../src/answers/types.ts";
import { plan } from "../../src/plan/plan.ts";
import { survey, type Given } from "../../src/answers/resolve.ts";
import { resolveAll } from "../../src/reconcile/prepare.ts";
import { whyInvalid } from "../../src/merge/syntax.ts";
import { reportBranches, resetBranches } from "../support/branches.ts";
import { announceSeed, longRuns } from "../support/seed.ts";
import { answerChanges, editAll, edits, type Edit } from "./edits.ts";
import { happened, unusual, uplink, type Unusual } from "./unusual.ts";
import { oldPlaces } from "./oracle.ts";
import {
  bytes,
  created,
  createdOver,
  mayName,
  regenerated,
  renderedOf,
  STARTS,
  statusesOf,
  usable,
  type Choice,
  type Step,
  type World,
} from "./in-memory.ts";

announceSeed();

const counts = {
  rounds: 0,
  open: 0,
  cases: 0,
  merged: 0,
  touching: 0,
  apart: 0,
  conflictsTouching: 0,
  conflictsApart: 0,
  plain: 0,
  plainOnPrefix: 0,
  mergedOnPrefix: 0,
  oursOnPrefix: 0,
};

const rate = (part: number, whole: number): string =>
  `${part} of ${whole} (${((100 * part) / Math.max(1, whole)).toFixed(1)} %)`;

afterAll(() => {
  const c = counts;
  process.stdout.write(
    [
      `regenerate: ${c.rounds} runs, conflicts left in ${rate(c.open, c.rounds)}`,
      `${c.cases} without --conflict; files that both sides changed: ${c.merged}`,
      `  conflicts, edit apart from what changed: ${rate(c.conflictsApart, c.apart)}`,
      `  conflicts, edit on what changed:         ${rate(c.conflictsTouching, c.touching)}`,
      `  conflicts, plain diff3:                  ${rate(c.plain, c.merged)}`,
      `  prefix changes: ours ${rate(c.oursOnPrefix, c.mergedOnPrefix)}, plain diff3 ${rate(c.plainOnPrefix, c.mergedOnPrefix)}`,
      "",
    ].join("\n"),
  );
});

/** A line without its addresses and its line end: those are followed. */
const bare = (line: string): string =>
  line
    .replace(
      /[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+(\/\d+)?|([0-9a-f]\.){16,}|\d+(\.\d+){3}(\/\d+)?/g,
      "@",
    )
    .replace(/\r$/, "");

interface Hunk {
  /** Lines of the first text: none where something is only put there. */
  readonly from: number;
  readonly to: number;
  /** How many lines stand there in the second text. */
  readonly count: number;
}

/** Where a text differs in another. */
function hunks(from: string, to: string): Hunk[] {
  const found: Hunk[] = [];
  const [was, is] = [from.split("\n"), to.split("\n")];
  let line = 0;
  let last: Hunk | undefined;
  for (const { value, added, removed } of diffArrays(was, is)) {
    const there = added ? value.length : 0;
    const gone = removed ? value.length : 0;
    line += added || removed ? gone : value.length;
    if (!added && !removed) {
      last = undefined;
      continue;
    }
    // What is taken away and what is put there instead come one after the other.
    if (last) found.pop();
    last = {
      from: last?.from ?? line - gone,
      to: line,
      count: (last?.count ?? 0) + there,
    };
    found.push(last);
  }
  return found;
}

/** Lines put beside lines that changed, one by one, overlap nothing. */
const isBeside = (own: Hunk, other: Hunk): boolean =>
  own.from === own.to &&
  own.count > 0 &&
  other.from < other.to &&
  other.count === other.to - other.from;

const touch = (generated: Hunk[], own: Hunk[]): boolean =>
  generated.some((one) =>
    own.some(
      (other) =>
        one.from <= other.to &&
        other.from <= one.to &&
        !isBeside(other, one) &&
        !isBeside(one, other),
    ),
  );

const worlds = STARTS.map(created);
/** The start with a file whose path has the uplink's name. */
const KERNEL = STARTS.findIndex(({ ndp }) => ndp === "kernel");

/** What owners do, what changes then, and what they say of conflicts. */
const choices: fc.Arbitrary<Choice> = fc.oneof(
  // Only these are compared with plain diff3.
  { weight: 2, arbitrary: fc.constant(undefined) },
  fc.constantFrom(...RESOLUTIONS),
  fc.array(fc.constantFrom(...RESOLUTIONS), { minLength: 1, maxLength: 3 }),
);
const rounds = fc.tuple(edits, unusual, answerChanges, choices);
/** A file gets another path, and the owner did something to it. */
const renames = fc.tuple(
  edits,
  fc.tuple(uplink),
  fc.constantFrom<Given[]>(
    [{ interface: "enp1s0" }],
    [{ interface: "enp1s0" }, { prefix: "2a0d:9999:aaaa:bbbb::/64" }],
  ),
  choices,
);
const cases = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(...STARTS.keys()), rounds, rounds),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant(KERNEL), renames, rounds) },
);

type Round = [Edit[], Unusual[], Given[], Choice];

async function examine(start: World, both: Round[]): Promise<void> {
  let world = start;
  const unusually = new Set<string>();
  for (const [list, more, changes, choice] of both) {
    const given = usable(world, changes);
    const { world: first, added } = editAll(world, list, given);
    const found = survey(given, { defaults: false });
    const { answers } = resolveAll(found, first.state);
    const edited = happened(first, more, answers);
    for (const [path, file] of edited.files)
      if (first.files.get(path) !== file) unusually.add(path);
    const step = await regenerated(edited, given, choice);
    counts.rounds += 1;
    const isOpen = ({ action }: Change): boolean =>
      action === "conflict" || action === "markers";
    if (step.changes.some(isOpen)) counts.open += 1;
    checkStep(edited, added, step, choice);
    await checkAgain(step);
    if (choice === undefined)
      compareWithPlain(edited, unusually, step, "prefix" in given);
    if (world === start) await checkCreate(edited, answers, choice);
    else checkStatuses(edited, step);
    ({ world } = step);
  }
}

function checkStep(
  world: World,
  added: readonly [string, string][],
  { world: after, changes, stale }: Step,
  choice: Choice,
): void {
  const givesUp = choice === "theirs" || typeof choice === "object";
  // A conflict leaves the file alone, and the new text is beside it unless something else is.
  for (const { path, from, action, noSidecar } of changes) {
    if (action !== "conflict") continue;
    const at = from ?? path;
    expect(after.files.get(at)).toEqual(world.files.get(at));
    if (noSidecar === undefined)
      expect(after.files.has(`${at}.new`)).toBe(true);
  }
  // No line of the owner's is lost, but for what the owner gave up.
  const paths = new Map<string, string>();
  for (const { path, from, action } of changes)
    if (from && action !== "conflict") paths.set(from, path);
  for (const [path, line] of added) {
    const had = world.files.get(path)?.text.split(/\r?\n/) ?? [];
    if (!had.includes(line)) continue;
    const at = paths.get(path) ?? path;
    const change = changes.find((one) => one.path === at);
    if (givesUp && change?.action !== "merge") continue;
    const text = after.files.get(at)?.text ?? "";
    expect(text.split("\n").map(bare), `${path}: ${line}`).toContain(
      bare(line),
    );
  }
  // Nothing that isn't generated is touched.
  for (const [path, file] of world.files)
    if (path.startsWith("notes/") || /^owner-.*\n$/.test(file.text))
      if (choice === undefined || choice === "keep")
        expect(after.files.get(path), path).toEqual(file);
  for (const path of world.others.keys())
    for (const at of after.files.keys())
      expect(at === path || at.startsWith(`${path}/`), at).toBe(false);
  // What was merged parses.
  for (const { path, action, reason } of changes)
    if (action === "merge" && reason !== "only its mode")
      expect(
        whyInvalid(
          path,
          after.files.get(path)?.text.replaceAll("\r\n", "\n") ?? "",
        ),
      ).toBeUndefined();
  // No place of the old prefix is left unreported.
  const { prefix } = world.state.answers;
  const reported = new Set(stale.map(({ path, line }) => `${path}:${line}`));
  for (const [path, { text }] of after.files)
    for (const line of mayName(text, prefix)
      ? oldPlaces(text, prefix, after.state.answers)
      : [])
      expect(reported, `${path}:${line}`).toContain(`${path}:${line}`);
}

/** What is a conflict to regenerate is one to check. */
function checkStatuses(before: World, { world, changes }: Step): void {
  statusesOf(before);
  const statuses = statusesOf(world);
  for (const { path, from, action, noSidecar } of changes)
    if (action === "conflict" && noSidecar === undefined)
      expect(statuses.get(from ?? path), path).toBe("conflict");
}

/** create changes no file that is there, unless the owner chose so. */
async function checkCreate(
  world: World,
  answers: Answers,
  choice: Choice,
): Promise<void> {
  for (const dryRun of [true, false]) {
    const step = await createdOver(world, answers, choice, dryRun);
    const { world: after, changes } = step;
    const isOpen = changes.some(({ action }) => action === "conflict");
    if (isOpen || dryRun) {
      expect(after).toEqual(world);
      continue;
    }
    if (choice !== "keep") continue;
    // A generated script that can't run is made executable.
    const modes = new Map(
      changes.flatMap(({ path, reason, after: file }) =>
        reason === "only its mode" && file ? [[path, file.mode]] : [],
      ),
    );
    for (const [path, file] of world.files) {
      const mode = modes.get(path) ?? file.mode;
      expect(after.files.get(path), path).toEqual({ ...file, mode });
    }
  }
}

/** A second run changes nothing, and writes a `.new` file again that was deleted. */
async function checkAgain({ world, changes }: Step): Promise<void> {
  const conflict = changes.find(
    ({ action, noSidecar }) => action === "conflict" && !noSidecar,
  );
  const files = new Map(world.files);
  if (conflict) files.delete(`${conflict.from ?? conflict.path}.new`);
  const again = await regenerated({ ...world, files }, {});
  expect(bytes(again.world)).toEqual(bytes(world));
  expect(again.world.files.size).toBe(world.files.size);
  const conflicts = (all: Step["changes"]): number =>
    all.filter(({ action }) => action === "conflict" || action === "markers")
      .length;
  expect(conflicts(again.changes)).toBe(conflicts(changes));
  if (conflicts(changes) === 0)
    expect(again.world.state.files).toEqual(world.state.files);
}

/** Where the owner and the generator both changed a file: what plain diff3 would make of it. */
function compareWithPlain(
  world: World,
  unusually: ReadonlySet<string>,
  { world: after, changes }: Step,
  prefix: boolean,
): void {
  counts.cases += 1;
  const from = plan(world.state.answers);
  const to = plan(after.state.answers);
  const moved = rewriter(from, to);
  const rendered = renderedOf(after.state.answers);
  for (const { path, action, reason } of changes) {
    const base = world.state.files[path]?.text;
    const yours = world.files.get(path)?.text.replaceAll("\r\n", "\n");
    const next = rendered.get(path)?.text;
    if (
      path === ".env" ||
      base === undefined ||
      yours === undefined ||
      next === undefined
    )
      continue;
    if (yours === base || base === next) continue;
    if (whyInvalid(path, yours) !== undefined || hasMarkers(yours)) continue;
    // The merge is about edits, not about what is more unusual.
    if (unusually.has(path)) continue;
    counts.merged += 1;
    const conflict = action === "conflict";
    const plain = merge(yours, base, next, () => undefined).conflicts;
    if (plain) counts.plain += 1;
    if (prefix) {
      counts.mergedOnPrefix += 1;
      if (plain) counts.plainOnPrefix += 1;
      if (conflict) counts.oursOnPrefix += 1;
    }
    const ours = moved(base);
    if (touch(hunks(ours, next), hunks(ours, moved(yours)))) {
      counts.touching += 1;
      if (conflict) counts.conflictsTouching += 1;
    } else {
      counts.apart += 1;
      if (conflict) counts.conflictsApart += 1;
      expect(conflict, `${path}: ${reason}`).toBe(false);
    }
  }
}

const TIME = 300_000;

/** Not what needs a disk (disk.test.ts), and not the phases of an overlap (overlap-properties.test.ts). */
const IN_MEMORY =
  /^src\/reconcile\/(?!check-notes|commit|compose-names|notices|phase|prepare|remaining|required)/;

beforeAll(resetBranches);

test(
  "any edits and changes: no line is lost, every old address is reported, a second run changes nothing",
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, ([start, ...both]) =>
        examine(worlds[start] as World, both),
      ),
      longRuns(200),
    );
    expect(reportBranches(IN_MEMORY)).toBeLessThan(0.1);
    expect(counts.merged).toBeGreaterThan(counts.cases / 2);
    expect(counts.oursOnPrefix * 5).toBeLessThan(counts.plainOnPrefix);
  },
  TIME,
);
