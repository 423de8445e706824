import { expect, test } from "vitest";
import { generatedHunk } from "../../../src/merge/own-blocks.ts";

const lines = (text: string): string[] => text.split("\n");
const taken = (yours: string, base: string, generated: string): string =>
  generatedHunk({
    yours: lines(yours),
    base: lines(base),
    generated: generated === "" ? [] : lines(generated),
  })?.join("\n") ?? "no place";

const DB = "  db:\n    image: a\n    restart: always";
const EDITED = "  db:\n    image: a\n    restart: no";
const MINE = "  mine:\n    image: b";

test.each([
  ["after a deleted one", `${EDITED}\n${MINE}`, DB, "", MINE],
  ["before a deleted one", `${MINE}\n${EDITED}`, DB, "", MINE],
  [
    "after a changed one",
    `${EDITED}\n${MINE}`,
    DB,
    "  db: 1",
    `  db: 1\n${MINE}`,
  ],
  [
    "before a changed one",
    `${MINE}\n${EDITED}`,
    DB,
    "  db: 1",
    `${MINE}\n  db: 1`,
  ],
  [
    "between changed ones",
    `${EDITED}\n${MINE}\n  x:\n    y: 1`,
    `${DB}\n  x:\n    y: 2`,
    "  db: 1\n  x: 3",
    `${MINE}\n  db: 1\n  x: 3`,
  ],
  [
    "between deleted ones",
    `${EDITED}\n${MINE}\n  x:\n    y: 1`,
    `${DB}\n  x:\n    y: 2`,
    "",
    MINE,
  ],
])("the owner's block %s is kept", (_, yours, base, generated, result) => {
  expect(taken(yours, base, generated)).toBe(result);
});

test.each([
  [
    "a changed line",
    "    restart: no",
    "    restart: always",
    "    restart: x",
  ],
  ["a line added to a deleted block", `${DB}\n    mem_limit: 1g`, DB, ""],
  ["a block inside a deleted one", `${DB}\n    labels:\n      a: b`, DB, ""],
  [
    "a block that is generated too",
    `  db:\n    image: c\n${MINE}`,
    "  db:",
    MINE,
  ],
])("only the generated lines: %s", (_, yours, base, generated) => {
  expect(taken(yours, base, generated)).toBe(generated);
});

test("the owner's block before lines that continue another one has no place", () => {
  const yours = `${MINE}\n${EDITED}`;
  expect(taken(yours, DB, "    restart: x")).toBe("no place");
});
