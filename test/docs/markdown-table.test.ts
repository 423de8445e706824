import fc from "fast-check";
import { format } from "prettier";
import { beforeAll, expect, test } from "vitest";
import { alignTables } from "../../scripts/markdown-table.ts";
import { tableRows } from "../support/parsers.ts";
import { announceSeed, runs } from "../support/seed.ts";

beforeAll(announceSeed);

test("pads every column to its widest cell", () => {
  const ragged =
    "# A\n\n| a | bb |\n| --- | --- |\n| ccccc | d |\n\nText | with a bar.\n";
  expect(alignTables(ragged)).toBe(
    "# A\n\n| a     | bb  |\n| ----- | --- |\n| ccccc | d   |\n\nText | with a bar.\n",
  );
});

test("is done once: what is aligned stays as it is", () => {
  const once = alignTables("| a | b |\n| - | - |\n| c |  |\n");
  expect(alignTables(once)).toBe(once);
  expect(once).toBe("| a   | b   |\n| --- | --- |\n| c   |     |\n");
});

test("each table has widths of its own", () => {
  const two = alignTables(
    "| a |\n| --- |\n| long cell |\n\n| b |\n| --- |\n| c |\n",
  );
  expect(two).toContain("| long cell |");
  expect(two).toContain("| b   |\n| --- |\n| c   |\n");
});

test("text without tables stays as it is", () => {
  for (const text of ["", "a | b\n", "|\n", "no newline | at the end"])
    expect(alignTables(text)).toBe(text);
});

test("prettier agrees with 100 random tables, and no cell is lost", async () => {
  const cell = fc
    .oneof(
      fc.string({
        unit: fc.constantFrom(..."abc `.:/-"),
        minLength: 1,
        maxLength: 20,
      }),
      fc.constant("`2001:db8:1:2:300::8100`"),
    )
    .map(
      (text) => text.replaceAll("`", "").trim().replaceAll(/ +/g, " ") || "x",
    );
  const widths = fc.integer({ min: 1, max: 4 });
  const tables = widths.chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 5,
    }),
  );
  const holds = fc.asyncProperty(tables, async ([header = [], ...rows]) => {
    const line = (cells: string[]): string => `| ${cells.join(" | ")} |\n`;
    // A cell with dashes alone would be another rule.
    const clean = rows.map((row) => row.map((text) => `x${text}`));
    const head = header.map((text) => `h${text}`);
    const text = [head, head.map(() => "---"), ...clean].map(line).join("");
    const aligned = alignTables(text);
    expect(await format(aligned, { parser: "markdown" })).toBe(aligned);
    expect(tableRows(aligned)).toEqual(clean);
  });
  await fc.assert(holds, runs(100));
});
