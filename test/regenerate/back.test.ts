import fc from "fast-check";
import { expect, test } from "vitest";
import { announceSeed, runs } from "../support/seed.ts";
import { answerChanges, editAll, edits } from "./edits.ts";
import {
  bytes,
  created,
  edited,
  regenerated,
  START,
  type World,
} from "./world.ts";

announceSeed();

const TIME = 300_000;
const first = created(START);
const cases = fc.tuple(edits, answerChanges);

test("a line before the data directory's, which went in between, came back behind it", async () => {
  const world = edited(first, ".gitignore", (text) =>
    text.replace("/data/", "/mine/\n/data/"),
  );
  const there = await regenerated(world, { dataDir: "/srv/kong" });
  const back = await regenerated(there.world, { ...world.state.answers });
  expect(bytes(back.world)).toEqual(bytes(world));
});

test(
  "there and back again gives the first bytes",
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ([list, given]) => {
        const { world } = editAll(first, list);
        const there = await regenerated(world, given);
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
      runs(560),
    );
  },
  TIME,
);
