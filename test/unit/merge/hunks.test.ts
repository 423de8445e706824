import { expect, test } from "vitest";
import { mergeHunk } from "../../../src/merge/hunks.ts";

const lines = (text: string): string[] => text.split(" ").filter(Boolean);

/** Each side as words; a space between two of them is a line end. */
const met = (
  mine: string,
  was: string,
  theirs: string,
  loose = false,
): string | undefined =>
  mergeHunk(
    { yours: lines(mine), base: lines(was), generated: lines(theirs) },
    () => loose,
  )?.join(" ");

test.each([
  ["a x", "a", "b", "b x"],
  ["x a", "a", "b", "x b"],
  ["x a y c", "a c", "b d", "x b y d"],
  // The generator may be the one that inserts.
  ["b", "a", "a x", "b x"],
])(
  "a line inserted next to a changed one merges: %s, %s, %s",
  (mine, was, theirs, both) => {
    expect(met(mine, was, theirs)).toBe(both);
  },
);

test.each([
  ["b c", "a c", "a", "b"],
  ["a", "a c", "b c", "b"],
])(
  "a line deleted next to a changed one merges: %s, %s, %s",
  (mine, was, theirs, both) => {
    expect(met(mine, was, theirs)).toBe(both);
  },
);

test.each([
  ["an own line after them", "b x", "a", "b", "b x"],
  ["an own line between them", "b x c", "a", "b c", "b x c"],
  ["both had inserted them", "x b", "", "b", "x b"],
])(
  "new lines that the owner took over are no conflict: %s",
  (_, mine, was, theirs, both) => {
    expect(met(mine, was, theirs)).toBe(both);
  },
);

test("without an order, lines that the owner took over are not added again", () => {
  expect(met("b x", "", "b", true)).toBe("b x");
});

test.each([
  ["one new line is missing", "b x", "a", "b c"],
  ["a dropped line remains", "b a x", "a c", "b"],
  ["the new lines are in another order", "c b", "a", "b c"],
])("not all was taken over: %s", (_, mine, was, theirs) => {
  expect(met(mine, was, theirs)).toBeUndefined();
});

test.each([
  ["one deleted a line that the other changed", "b d", "a c", "a"],
  ["both changed it", "b", "a", "c"],
  ["both changed it, and one inserted a line next to it", "b x", "a", "c"],
  ["one deleted it", "a x", "a", ""],
  ["one line became two", "a x", "a", "b c"],
  ["both inserted a line", "x", "", "y"],
])("a conflict stays one: %s", (_, mine, was, theirs) => {
  expect(met(mine, was, theirs)).toBeUndefined();
});

test.each([
  ["lines of both are kept", "x", "", "y", "y x"],
  ["the line next to it became several", "a x", "a", "b c", "b c x"],
  ["the line next to it is gone", "a x", "a", "", "x"],
])("if the order does not matter, %s", (_, mine, was, theirs, both) => {
  expect(met(mine, was, theirs, true)).toBe(both);
});

test("if the order does not matter, a line that both changed is still a conflict", () => {
  expect(met("b", "a", "c", true)).toBeUndefined();
});
