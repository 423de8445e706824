import { expect, test } from "vitest";
import { filled, setAt } from "../../../src/base/wrap.ts";

test("words fill lines, and none is broken", () => {
  expect(filled(["aa", "bb", "cccccccc", "d"], { width: 6 })).toEqual([
    "aa bb",
    "cccccccc",
    "d",
  ]);
});

test("what begins at a column goes on at it; without a width it stays one line", () => {
  expect(setAt(4, "aa bb cc", 9)).toBe("aa bb\n    cc");
  expect(setAt(4, "aa\nbb cc dd", 9)).toBe("aa\n    bb cc\n    dd");
  expect(setAt(4, "aa bb cc", Infinity)).toBe("aa bb cc");
});
