import fc from "fast-check";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { stateText } from "../../src/repository/state.ts";
import { batched } from "../support/run.ts";
import { announceSeed, SEED } from "../support/seed.ts";
import { answerChanges, editAll, edits } from "./edits.ts";
import { Made, STATE } from "./made.ts";
import {
  created,
  regenerated,
  START,
  type World,
  usable,
} from "./in-memory.ts";

announceSeed();

/** What the built command finds, byte for byte. */
function put({ files, state, others }: World): Made {
  const made = new Made({ built: true });
  // The data directory is there in memory, too.
  mkdirSync(made.path("data"), { recursive: true });
  const all = new Map([
    ...files,
    [STATE, { text: stateText(state), mode: 0o644 }],
  ]);
  for (const [path, { text, mode }] of all) {
    mkdirSync(made.path(dirname(path)), { recursive: true });
    writeFileSync(made.path(path), text);
    chmodSync(made.path(path), mode);
  }
  for (const path of others.keys()) {
    mkdirSync(made.path(dirname(path)), { recursive: true });
    symlinkSync("nowhere", made.path(path));
  }
  return made;
}

/** Files as text and mode; the state is compared apart. */
const filesOf = (tree: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tree).filter(
      ([path, what]) => path !== STATE && what.startsWith("file"),
    ),
  );

const inMemory = ({ files }: World): Record<string, string> =>
  Object.fromEntries(
    [...files].map(([path, { text, mode }]) => [
      path,
      `file ${mode.toString(8).padStart(4, "0")} ${Buffer.from(text).toString("latin1")}`,
    ]),
  );

const flagsOf = (given: Given): string[] =>
  QUESTIONS.flatMap(({ key, flag }) =>
    [given[key] ?? []].flat().map((value) => `${flag}=${String(value)}`),
  );

test("twelve random edits and changes with the built command", async () => {
  const first = created(START);
  const cases = fc.sample(fc.tuple(edits, answerChanges), {
    numRuns: 12,
    seed: SEED,
  });
  await batched(cases, async ([list, answers], number) => {
    const given = usable(first, answers);
    const { world } = editAll(first, list, given);
    const { world: next, changes } = await regenerated(world, given);
    const made = put(world);
    const before = made.tree();
    const flags = flagsOf(given);
    const about = `case ${number}: ${flags.join(" ")}`;

    const tried = await made.regenerate(...flags, "--dry-run");
    expect(made.tree(), about).toEqual(before);
    const { code, stdout, stderr } = await made.regenerate(...flags, "--json");
    expect(stderr, about).toBe("");
    const isOpen = changes.some(
      ({ action, contradicts }) => action === "conflict" || contradicts,
    );
    expect(code, about).toBe(isOpen ? 3 : 0);
    const told = JSON.parse(stdout).changes;
    expect(
      told.map(({ path, action }: Record<string, string>) => [path, action]),
      about,
    ).toEqual(changes.map(({ path, action }) => [path, action]));
    expect(filesOf(made.tree()), about).toEqual(inMemory(next));
    const changed = JSON.stringify(made.tree()) !== JSON.stringify(before);
    if (tried.code === 4) expect(changed, about).toBe(true);
    if (!changed) return;
    expect(await made.run(["undo"]), about).toMatchObject({ code: 0 });
    expect(made.tree(), about).toEqual(before);
  });
});
