import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { withMarkers } from "../../../src/merge/with-markers.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

const OURS = ["<<<<<<< yours", "=======", ">>>>>>> create-kong-ipv6"] as const;

/** One side of a text with markers. */
function side(merged: string, wanted: "yours" | "generated"): string {
  let at: "both" | "yours" | "generated" = "both";
  const lines = merged.split("\n");
  return lines
    .filter((line) => {
      if (line === OURS[0]) at = "yours";
      else if (line === OURS[1]) at = "generated";
      else if (line === OURS[2]) at = "both";
      else return at === "both" || at === wanted;
      return false;
    })
    .join("\n");
}

test("marks what differs, as git does", () => {
  expect(withMarkers("a\nmine\nc\n", "a\nnew\nc\n")).toBe(
    "a\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> create-kong-ipv6\nc\n",
  );
});

test("equal texts have no markers", () => {
  expect(withMarkers("a\nb\n", "a\nb\n")).toBe("a\nb\n");
  expect(withMarkers("", "")).toBe("");
});

test("a file that ends without a newline keeps its markers on lines of their own", () => {
  for (const [yours, generated] of [
    ["mine", "new\n"],
    ["mine\n", "new"],
    ["a\nmine", "a\nnew"],
    ["", "new\n"],
    ["mine", ""],
  ] as const) {
    const merged = withMarkers(yours, generated);
    const lines = merged.split("\n");
    for (const marker of OURS)
      expect(lines.filter((line) => line === marker)).toHaveLength(1);
  }
});

test("both texts can be restored from 300 random pairs", () => {
  const line = fc.constantFrom("a", "b", "c", "", "  d");
  const text = fc
    .array(line, { maxLength: 12 })
    .map((lines) => lines.map((one) => `${one}\n`).join(""));
  const holds = fc.property(text, text, (yours, generated) => {
    const merged = withMarkers(yours, generated);
    expect(side(merged, "yours")).toBe(yours);
    expect(side(merged, "generated")).toBe(generated);
  });
  fc.assert(holds, runs(300));
});
