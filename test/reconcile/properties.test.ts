import { diffArrays } from "diff";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { rewriter } from "../../src/renumber/rewrite.ts";
import { merge } from "../../src/merge/three-way.ts";
import { plan } from "../../src/plan/plan.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { whyInvalid } from "../../src/merge/syntax.ts";
import { announceSeed, runs } from "../support/seed.ts";
import { answerChanges, editAll, edits, type Edit } from "./edits.ts";
import { oldPlaces } from "./oracle.ts";
import {
  bytes,
  created,
  mayName,
  regenerated,
  renderedOf,
  START,
  type World,
} from "./world.ts";

announceSeed();

const first = created(START);

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
    .replace(/[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+(\/\d+)?|([0-9a-f]\.){16,}/g, "@")
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

const cases = fc.tuple(edits, answerChanges);

async function examine(list: Edit[], given: Given): Promise<void> {
  const { world, added } = editAll(first, list);
  const step = await regenerated(world, given);
  counts.cases += 1;
  const after = step.world;

  // No line of the owner's is lost, and a conflict leaves the file alone.
  for (const { path, action } of step.changes) {
    if (action !== "conflict") continue;
    expect(after.files.get(path)).toEqual(world.files.get(path));
    expect(after.files.has(`${path}.new`)).toBe(true);
  }
  const texts = new Map(
    step.changes.flatMap(({ path, from }) => (from ? [[from, path]] : [])) as [
      string,
      string,
    ][],
  );
  for (const [path, line] of added) {
    const text = after.files.get(texts.get(path) ?? path)?.text ?? "";
    expect(text.split("\n").map(bare), `${path}: ${line}`).toContain(
      bare(line),
    );
  }
  // Nothing that isn't generated is touched.
  for (const [path, file] of world.files)
    if (path.startsWith("notes/")) expect(after.files.get(path)).toBe(file);
  // What was merged parses.
  for (const { path, action } of step.changes)
    if (action === "merge")
      expect(
        whyInvalid(
          path,
          after.files.get(path)?.text.replaceAll("\r\n", "\n") ?? "",
        ),
      ).toBeUndefined();
  // No place of the old prefix is left unreported.
  const { prefix } = world.state.answers;
  const reported = new Set(
    step.stale.map(({ path, line }) => `${path}:${line}`),
  );
  for (const [path, { text }] of after.files)
    for (const line of mayName(text, prefix)
      ? oldPlaces(text, prefix, after.state.answers.prefix)
      : [])
      expect(reported, `${path}:${line}`).toContain(`${path}:${line}`);

  // Twice is once.
  const again = await regenerated(after, {});
  expect(bytes(again.world)).toEqual(bytes(after));
  expect(again.world.files.size).toBe(after.files.size);
  const still = again.changes.filter(({ action }) => action === "conflict");
  expect(still.length).toBe(
    step.changes.filter(({ action }) => action === "conflict").length,
  );
  if (still.length === 0)
    expect(again.world.state.files).toEqual(after.state.files);

  compareWithPlain(world, after, step.changes, "prefix" in given);
}

/** Where the owner and the generator both changed a file: what plain diff3 would make of it. */
function compareWithPlain(
  world: World,
  after: World,
  changes: readonly { path: string; action: string; reason?: string }[],
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
    if (whyInvalid(path, yours) !== undefined) continue;
    counts.merged += 1;
    const conflict = action === "conflict";
    const plain = merge(yours, base, next).conflicts;
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
  "any edits, any change of answers: no line lost, nothing unreported, twice is once",
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, ([list, given]) => examine(list, given)),
      runs(2000),
    );
    expect(counts.conflictsApart).toBe(0);
    expect(counts.merged).toBeGreaterThan(counts.cases / 2);
    expect(counts.oursOnPrefix * 5).toBeLessThan(counts.plainOnPrefix);
  },
  TIME,
);
