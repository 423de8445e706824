import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { follow } from "../../../src/renumber/rewrite.ts";
import { mergeMarkdown } from "../../../src/merge/markdown.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { plan } from "../../../src/plan/plan.ts";
import { resolve } from "../../../src/answers/resolve.ts";
import { alignTables } from "../../../src/base/markdown-table.ts";
import { answersFrom } from "../../support/base.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

const before = answersFrom({ prefix: "2001:db8:1:2::/64" });
const after = resolve(
  move(before, { prefix: "2001:db8:abcd:1234::/64" }),
).answers;
const there = follow(plan(before), plan(after));
const back = follow(plan(after), plan(before));

/** A README in short, in the manner of render.ts. */
const generated = (of: typeof before): string =>
  alignTables(
    [
      "# Plan\n",
      "| What | Address | Set in |",
      "| --- | --- | --- |",
      `| prefix | \`${of.prefix}\` | by the provider |`,
      `| server | \`${of.host}\` | \`netplan\` |`,
      `| **Kong** | \`${of.kong}\` | \`.env\` |`,
      "| bridge | `fd4c:8a1e:92b7::/64` | `daemon.json` |",
      "",
      "| Symptom | Remedy |",
      "| --- | --- |",
      "| none | none |",
      "",
      "The end.",
      "",
    ].join("\n"),
  );

const P = generated(before);
const Q = generated(after);

const forth = (yours: string): ReturnType<typeof mergeMarkdown> =>
  mergeMarkdown({
    disk: yours,
    yours: there(yours),
    base: there(P),
    generated: Q,
  });
const home = (yours: string): ReturnType<typeof mergeMarkdown> =>
  mergeMarkdown({
    disk: yours,
    yours: back(yours),
    base: back(Q),
    generated: P,
  });

/** The rows of all tables, by their cells; delimiter rows of any width are one. */
const cells = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line, index, lines) => {
      const row = line.split("|").map((cell) => cell.trim());
      const under = /^\| (What|Symptom) /.test(lines[index - 1] ?? "");
      return under ? row.map((cell) => cell && "---").join("|") : row.join("|");
    });

const insert = (text: string, at: number, ...rows: string[]): string =>
  text
    .split("\n")
    .toSpliced(at, 0, ...rows)
    .join("\n");

test("an owner's row met the new widths of its table", () => {
  const row = "| mine | `2001:db8:1:2::77` | by me |";
  const { text, conflicts } = forth(insert(P, 6, row));
  expect(conflicts).toBe(false);
  expect(text).toBe(insert(Q, 6, row.replace("db8:1:2", "db8:abcd:1234")));
});

test("a table that the owner has padded stays padded", () => {
  const wide = "| mine, and of a long name | `2001:db8:1:2::77` | by me |";
  const yours = alignTables(insert(P, 6, wide));
  const { text, conflicts } = forth(yours);
  expect(conflicts).toBe(false);
  expect(text).toBe(
    alignTables(insert(Q, 6, wide.replace("db8:1:2", "db8:abcd:1234"))),
  );
  expect(home(text).text).toBe(yours);
});

test("of a table with a row taken away, the padding changed on the way back", () => {
  // The widest row here, but not there.
  const widest = (text: string): number =>
    text.split("\n").findIndex((line) => line.includes("fd4c:8a1e:92b7"));
  const wide = (text: string): string =>
    alignTables(
      text.replace("`fd4c:8a1e:92b7::/64`", "`fd4c:8a1e:92b7:1234::/64`"),
    );
  const sides = { base: wide(P), generated: wide(Q) };
  const yours = sides.base.split("\n").toSpliced(widest(P), 1).join("\n");
  const away = mergeMarkdown({
    disk: yours,
    yours: there(yours),
    base: there(sides.base),
    generated: sides.generated,
  });
  expect(away.conflicts).toBe(false);
  expect(
    mergeMarkdown({
      disk: away.text,
      yours: back(away.text),
      base: back(sides.generated),
      generated: sides.base,
    }),
  ).toEqual({ text: yours, conflicts: false });
});

test("with Windows line ends too", () => {
  const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
  const row = "| mine | `::` | by me |";
  const merged = mergeMarkdown({
    disk: crlf(insert(P, 6, row)),
    yours: there(crlf(insert(P, 6, row))),
    base: crlf(there(P)),
    generated: crlf(Q),
  });
  expect(merged).toEqual({
    text: crlf(insert(Q, 6, row)),
    conflicts: false,
  });
});

test.each([
  ["a row with a cell too many", "| mine | x | y | z |"],
  ["a row with a cell too few", "| mine | x |"],
  ["a row of dashes", "| ---- | ---- | ---- |"],
  ["an escaped pipe", "| mine | a \\| b | y |"],
  ["a row without its last pipe", "| mine | x | y"],
  [
    "the same header twice",
    "| What | Address | Set in |\n| --- | --- | --- |\n",
  ],
])("%s is no plain table: left to the plain merge", (_, row) => {
  const yours = row.endsWith("\n") ? P + row : insert(P, 6, row);
  const plain = forth(yours);
  if (plain.conflicts) expect(plain.text).toContain("<<<<<<< yours");
  for (const line of there(row).trimEnd().split("\n"))
    expect(plain.text.split("\n")).toContain(line);
});

test("a row that both changed is a conflict still", () => {
  const yours = P.replace("by the provider |", "by my provider |");
  const { conflicts } = mergeMarkdown({
    disk: yours,
    yours: there(yours),
    base: there(P),
    generated: Q.replace("by the provider |", "by another    |"),
  });
  expect(conflicts).toBe(true);
});

const cell = fc.oneof(
  fc.constantFrom("x", "`2001:db8:1:2::77`", "2001:db8:1:2:300::/80", "----"),
  fc
    .string({ unit: fc.constantFrom(..."ab -:`."), maxLength: 30 })
    .map((text) => `m${text.trim().replaceAll(/ +/g, " ")}`),
);
const edit = fc.record({
  kind: fc.constantFrom("tight", "padded", "delete", "change", "loose"),
  at: fc.integer({ min: 4, max: 7 }),
  cells: fc.tuple(cell, cell, cell),
});

test("two rows of the owner's with the same cells were both written as the first", () => {
  const yours = P.replace(
    /^\| prefix .*\n/m,
    (row) => `| own | row | twice |\n${row}|  own|row|twice |\n`,
  );
  const { text, conflicts } = forth(yours);
  expect(conflicts).toBe(false);
  expect(home(text)).toEqual({ text: yours, conflicts: false });
});

test("any edits of a table: no cell of the owner's is lost, and there and back again gives the first bytes", () => {
  let clean = 0;
  const holds = fc.property(
    fc.array(edit, { minLength: 1, maxLength: 3 }),
    (edits) => {
      let yours = P;
      for (const { kind, at, cells: own } of edits) {
        const lines = yours.split("\n");
        const row = `| ${own.join(" | ")} |`;
        if (kind === "delete") lines.splice(at, 1);
        else if (kind === "change")
          lines[at] = (lines[at] ?? "").replace(/\| (.)/, "| my $1");
        else if (kind === "loose")
          lines.splice(at, 0, `|  ${own.join("|")}   |`);
        else lines.splice(at, 0, row);
        yours = lines.join("\n");
        if (kind === "padded") yours = alignTables(yours);
      }
      const { text, conflicts } = forth(yours);
      if (conflicts) return;
      clean += 1;
      expect(cells(text)).toEqual(cells(there(yours)));
      expect(home(text)).toEqual({ text: yours, conflicts: false });
    },
  );
  fc.assert(holds, runs(300));
  expect(clean).toBeGreaterThan(150);
});
