import { diffArrays } from "diff";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { rewriter } from "../../src/renumber/rewrite.ts";
import { hasMarkers } from "../../src/merge/conflict-markers.ts";
import { RESOLUTIONS, type Resolution } from "../../src/reconcile/request.ts";
import { merge } from "../../src/merge/three-way.ts";
import { plan } from "../../src/plan/plan.ts";
import { whyInvalid } from "../../src/merge/syntax.ts";
import { announceSeed, longRuns } from "../support/seed.ts";
import { answerChanges, editAll, edits } from "./edits.ts";
import { oldPlaces } from "./oracle.ts";
import {
  bytes,
  created,
  mayName,
  regenerated,
  renderedOf,
  STARTS,
  usable,
  type Step,
  type World,
} from "./in-memory.ts";

announceSeed();

const counts = {
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
      `regenerate: ${c.cases} cases; files edited and generated anew: ${c.merged}`,
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

/** What owners do, what changes then, and what they say of conflicts. */
const rounds = fc.tuple(
  edits,
  answerChanges,
  fc.constantFrom(undefined, undefined, ...RESOLUTIONS),
);
const cases = fc.tuple(fc.constantFrom(...STARTS.keys()), rounds, rounds);

type Round = typeof rounds extends fc.Arbitrary<infer T> ? T : never;

async function examine(start: World, [one, two]: Round[]): Promise<void> {
  const [list, changes] = one as Round;
  const given = usable(start, changes);
  const { world, added } = editAll(start, list, given);
  const step = await regenerated(world, given);
  counts.cases += 1;
  checkStep(world, added, step);
  await checkAgain(step);
  compareWithPlain(world, step, "prefix" in given);

  const [more, others, resolution] = two as Round;
  const later = usable(step.world, others);
  const next = editAll(step.world, more, later);
  const last = await regenerated(next.world, later, resolution);
  checkStep(next.world, next.added, last, resolution);
  await checkAgain(last);
}

function checkStep(
  world: World,
  added: readonly [string, string][],
  { world: after, changes, stale }: Step,
  resolution?: Resolution,
): void {
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
    const at = paths.get(path) ?? path;
    const change = changes.find((one) => one.path === at);
    if (resolution === "theirs" && change?.action !== "merge") continue;
    const text = after.files.get(at)?.text ?? "";
    expect(text.split("\n").map(bare), `${path}: ${line}`).toContain(
      bare(line),
    );
  }
  // Nothing that isn't generated is touched.
  for (const [path, file] of world.files)
    if (path.startsWith("notes/") || /^owner-.*\n$/.test(file.text))
      if (resolution === undefined || resolution === "keep")
        expect(after.files.get(path), path).toEqual(file);
  for (const path of world.others.keys())
    expect(after.files.has(path), path).toBe(false);
  // What was merged parses.
  for (const { path, action } of changes)
    if (action === "merge")
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
      ? oldPlaces(text, prefix, after.state.answers.prefix)
      : [])
      expect(reported, `${path}:${line}`).toContain(`${path}:${line}`);
}

/** A second run changes nothing. */
async function checkAgain({ world, changes }: Step): Promise<void> {
  const again = await regenerated(world, {});
  expect(bytes(again.world)).toEqual(bytes(world));
  // A file with markers gets the new text beside it the next time.
  if (!changes.some(({ action }) => action === "markers"))
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
  { world: after, changes }: Step,
  prefix: boolean,
): void {
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

test(
  "any edits and changes: no line is lost, every old address is reported, a second run changes nothing",
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, ([start, ...both]) =>
        examine(worlds[start] as World, both),
      ),
      longRuns(300),
    );
    expect(counts.merged).toBeGreaterThan(counts.cases / 2);
    expect(counts.oursOnPrefix * 5).toBeLessThan(counts.plainOnPrefix);
  },
  TIME,
);
