import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { reportBranches, resetBranches } from "../support/branches.ts";
import { announceSeed, longRuns } from "../support/seed.ts";
import { editAll, normalEdits } from "./edits.ts";
import { bytes, created, regenerated, STARTS, type Step } from "./in-memory.ts";

announceSeed();

beforeAll(resetBranches);

const NEXT = { prefix: "2a0d:9999:aaaa:bbbb::/64" };
const OLD = "2a03:2222:3333:4444:300::8100";

const isOpen = ({ changes }: Step): boolean =>
  changes.some(({ action }) => action === "conflict" || action === "orphan");

test("an overlap and its end give the same files as a hard cut, with any edits of the owner", async () => {
  let compared = 0;
  const same = fc.asyncProperty(
    fc.constantFrom(...STARTS),
    normalEdits,
    async (start, list) => {
      const { world } = editAll(created(start), list, NEXT);
      const cut = await regenerated(world, NEXT);
      const begun = await regenerated(world, NEXT, undefined, "overlap");
      const again = await regenerated(begun.world, NEXT, undefined, "overlap");
      expect(bytes(again.world)).toEqual(bytes(begun.world));
      const ended = await regenerated(begun.world, {}, undefined, "finish");
      expect(ended.world.state.overlap).toBeUndefined();
      if (isOpen(cut) || isOpen(begun) || isOpen(ended)) return;
      compared += 1;
      expect(bytes(ended.world)).toEqual(bytes(cut.world));
      expect(ended.stale).toEqual(cut.stale);
      expect(begun.stale).toEqual(cut.stale);
      expect(begun.world.files.get("scripts/plan.json")?.text).toContain(OLD);
    },
  );
  await fc.assert(same, longRuns(80));
  expect(compared).toBeGreaterThan(0);
  expect(reportBranches(/^src\/reconcile\/phase/)).toBeLessThan(0.5);
});
