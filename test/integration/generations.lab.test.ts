import { expect, it } from "vitest";
import { GENERATIONS } from "../e2e/lab/roots.ts";
import { root } from "./server.ts";

it.each(GENERATIONS)("%s has every program", async (generation) => {
  const found = await root(generation);
  expect(Object.values(found.versions)).not.toContain("missing");
});

it("there are engines of three generations: before 23, 26, and 28 or later", async () => {
  const engines = await Promise.all(
    GENERATIONS.map(async (generation) =>
      Number.parseInt((await root(generation)).versions.docker),
    ),
  );
  expect(engines.slice(0, 2)).toEqual([20, 26]);
  expect(engines[2]).toBeGreaterThanOrEqual(28);
});
