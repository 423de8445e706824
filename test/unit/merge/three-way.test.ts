import { expect, test } from "vitest";
import { hasMarkers } from "../../../src/merge/conflict-markers.ts";
import { merge } from "../../../src/merge/three-way.ts";

const plainMerge = (...texts: [string, string, string]) =>
  merge(...texts, () => undefined);

test("the same change on both sides is no conflict", () => {
  const both = "a\nnew\n";
  expect(plainMerge(both, "a\nold\n", both)).toEqual({
    text: both,
    conflicts: false,
  });
});

test("markers stay on lines of their own in a file without a final newline", () => {
  expect(plainMerge("a\nmine", "a\nold", "a\nnew")).toEqual({
    text: "a\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> create-kong-ipv6\n",
    conflicts: true,
  });
});

test("one conflict marker of another program, as a text may quote it, is no conflict", () => {
  expect(hasMarkers("<<<<<<< HEAD\n")).toBe(false);
  expect(hasMarkers(">>>>>>> theirs\n")).toBe(false);
  expect(hasMarkers("a <<<<<<< yours\nb >>>>>>> theirs\n")).toBe(false);
  expect(hasMarkers("<<<<<<< yours\n>>>>>>> theirs\n")).toBe(true);
});

test("one of our markers alone is found", () => {
  expect(hasMarkers("<<<<<<< yours\nfoo\n")).toBe(true);
  expect(hasMarkers("=======\nfoo\n>>>>>>> create-kong-ipv6\n")).toBe(true);
  expect(hasMarkers("foo\r\n>>>>>>> create-kong-ipv6\r\n")).toBe(true);
});

test("a line deleted before a blank line merges with a change after it", () => {
  const base = "a\n\nb\n\nc\n";
  expect(plainMerge("\nb\n\nc\n", base, "a\n\nc\n")).toEqual({
    text: "\nc\n",
    conflicts: false,
  });
});

test("a line inserted before a blank line merges with a change after it", () => {
  const base = "a\n\nb\n\nc\n";
  expect(plainMerge("a\nx\n\nb\n\nc\n", base, "a\n\nc\n")).toEqual({
    text: "a\nx\n\nc\n",
    conflicts: false,
  });
});

test("a line inserted after a blank line merges with a change before it", () => {
  const base = "a\n\nb\n\nc\n";
  expect(plainMerge("a\n\nb\n\nx\nc\n", base, "a\n\nc\n")).toEqual({
    text: "a\n\nx\nc\n",
    conflicts: false,
  });
});
