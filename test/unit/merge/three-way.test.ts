import { expect, test } from "vitest";
import { hasMarkers } from "../../../src/merge/conflict-markers.ts";
import { merge } from "../../../src/merge/three-way.ts";

test("what both did alike is no conflict", () => {
  const both = "a\nnew\n";
  expect(merge(both, "a\nold\n", both)).toEqual({
    text: both,
    conflicts: false,
  });
});

test("a marker ends its line, also the last of a file without a final newline", () => {
  expect(merge("a\nmine", "a\nold", "a\nnew")).toEqual({
    text: "a\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> create-kong-ipv6\n",
    conflicts: true,
  });
});

test("half of a conflict's markers, as a text may quote them, is none", () => {
  expect(hasMarkers("<<<<<<< HEAD\n")).toBe(false);
  expect(hasMarkers(">>>>>>> theirs\n")).toBe(false);
  expect(hasMarkers("a <<<<<<< yours\nb >>>>>>> theirs\n")).toBe(false);
  expect(hasMarkers("<<<<<<< yours\n>>>>>>> theirs\n")).toBe(true);
});

test("markers that were half mended were not found", () => {
  expect(hasMarkers("<<<<<<< yours\nfoo\n")).toBe(true);
  expect(hasMarkers("=======\nfoo\n>>>>>>> create-kong-ipv6\n")).toBe(true);
  expect(hasMarkers("foo\r\n>>>>>>> create-kong-ipv6\r\n")).toBe(true);
});

test("a line taken away before a gap met what went behind it, as a gap is like the next", () => {
  const base = "a\n\nb\n\nc\n";
  expect(merge("\nb\n\nc\n", base, "a\n\nc\n")).toEqual({
    text: "\nc\n",
    conflicts: false,
  });
});

test("a line put before a gap met what went behind it", () => {
  const base = "a\n\nb\n\nc\n";
  expect(merge("a\nx\n\nb\n\nc\n", base, "a\n\nc\n")).toEqual({
    text: "a\nx\n\nc\n",
    conflicts: false,
  });
});

test("a line put behind a gap met what went before it", () => {
  const base = "a\n\nb\n\nc\n";
  expect(merge("a\n\nb\n\nx\nc\n", base, "a\n\nc\n")).toEqual({
    text: "a\n\nx\nc\n",
    conflicts: false,
  });
});
