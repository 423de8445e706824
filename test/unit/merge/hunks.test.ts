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
  "a line put beside one that changed was a conflict: %s, %s, %s",
  (mine, was, theirs, both) => {
    expect(met(mine, was, theirs)).toBe(both);
  },
);

test.each([
  ["b c", "a c", "a", "b"],
  ["a", "a c", "b c", "b"],
])(
  "a line taken away beside one that changed was a conflict: %s, %s, %s",
  (mine, was, theirs, both) => {
    expect(met(mine, was, theirs)).toBe(both);
  },
);

test.each([
  ["what one took away the other changed", "b d", "a c", "a"],
  ["both changed it", "b", "a", "c"],
  ["both changed it, and one put a line beside it", "b x", "a", "c"],
  ["one took it away", "a x", "a", ""],
  ["what it has become is of another size", "a x", "a", "b c"],
  ["both put a line there", "x", "", "y"],
])("a conflict stays one: %s", (_, mine, was, theirs) => {
  expect(met(mine, was, theirs)).toBeUndefined();
});

test.each([
  ["what both put there is all there", "x", "", "y", "y x"],
  ["what it stood beside is of another size", "a x", "a", "b c", "b c x"],
  ["what it stood beside is gone", "a x", "a", "", "x"],
])("where the order says nothing, %s", (_, mine, was, theirs, both) => {
  expect(met(mine, was, theirs, true)).toBe(both);
});

test("where the order says nothing, what both changed is still a conflict", () => {
  expect(met("b", "a", "c", true)).toBeUndefined();
});
