import fc from "fast-check";
import { expect, test } from "vitest";
import { rewriter } from "../../src/renumber/rewrite.ts";
import { plan } from "../../src/plan/plan.ts";
import { announceSeed, longRuns } from "../support/seed.ts";
import { answerChanges, editAll, normalEdits } from "./edits.ts";
import {
  actionOf,
  bytes,
  created,
  edited,
  regenerated,
  renderedOf,
  START,
  STARTS,
  usable,
  type World,
} from "./in-memory.ts";

announceSeed();

const TIME = 300_000;
const first = created(START);
const worlds = STARTS.map(created);
const cases = fc.tuple(
  fc.constantFrom(...STARTS.keys()),
  normalEdits,
  answerChanges,
);

test("the owner's line before the data directory stays before it when the directory comes back", async () => {
  const world = edited(first, ".gitignore", (text) =>
    text.replace("/data/", "/mine/\n/data/"),
  );
  const there = await regenerated(world, { dataDir: "/srv/kong" });
  const back = await regenerated(there.world, { ...world.state.answers });
  expect(bytes(back.world)).toEqual(bytes(world));
});

test("a line that the owner deleted comes back with the answer that it belongs to", async () => {
  const world = edited(first, "README.md", (text) =>
    text.replace(/^ *net --- database.*\n/m, ""),
  );
  const there = await regenerated(world, { database: "off" });
  const back = await regenerated(there.world, { ...world.state.answers });
  expect(actionOf(back.changes, "README.md")).toBe("update");
  expect(bytes(back.world)).toEqual(bytes(first));
});

/**
 * Whether the owner took a line from its place that isn't generated in between either: what is left
 * then doesn't tell that the owner took it, and it comes back.
 */
function takesWhatLeaves(
  start: World,
  taken: readonly [string, string][],
  { answers }: World["state"],
): boolean {
  const home = rewriter(plan(answers), plan(start.state.answers));
  const generated = renderedOf(answers);
  return taken.some(([path, line]) => {
    const [before, between] = [
      start.files.get(path)?.text,
      home(generated.get(path)?.text ?? ""),
    ].map((text = "") => text.split("\n").filter((one) => one === line).length);
    return (between as number) < (before as number);
  });
}

test(
  "changing answers and changing them back gives the same bytes",
  async () => {
    let [tried, compared] = [0, 0];
    await fc.assert(
      fc.asyncProperty(cases, async ([index, list, changes]) => {
        const start = worlds[index] as World;
        const given = usable(start, changes);
        const { world, taken } = editAll(start, list, given);
        const there = await regenerated(world, given);
        tried += 1;
        if (takesWhatLeaves(start, taken, there.world.state)) return;
        compared += 1;
        const back = await regenerated(there.world, { ...world.state.answers });
        // A file that was as generated may go in between; it comes back as generated, too.
        const gone = there.changes.filter(({ action }) => action === "delete");
        const plain = (of: World): Record<string, string> => {
          const all = bytes(of);
          for (const { path } of gone)
            if (all[path]) all[path] = all[path].replaceAll("\r", "").slice(4);
          return all;
        };
        expect(plain(back.world)).toEqual(plain(world));
      }),
      longRuns(200),
    );
    expect(compared).toBeGreaterThan(tried * 0.9);
  },
  TIME,
);
