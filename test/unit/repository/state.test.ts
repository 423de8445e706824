import { createHash } from "node:crypto";
import fc from "fast-check";
import { format } from "prettier";
import { beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { plan } from "../../../src/plan/plan.ts";
import { render } from "../../../src/render/render.ts";
import { jsonText, stateOf, stateText } from "../../../src/repository/state.ts";
import { answersFrom } from "../../support/base.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

test("holds version, answers, and of each file its text, mode and hash", () => {
  const answers = answersFrom();
  const tree = render(plan(answers));
  const state = stateOf(answers, tree);
  expect(state.schemaVersion).toBe(3);
  expect(state.generator).toBe(manifest.version);
  expect(state.answers).toEqual(answers);
  expect(Object.keys(state.files)).toEqual([...tree.keys()]);
  for (const [path, { text, mode }] of tree) {
    expect(state.files[path]).toEqual({
      text,
      mode: `0${mode.toString(8)}`,
      sha256: createHash("sha256").update(text, "utf8").digest("hex"),
    });
  }
  expect(JSON.parse(stateText(state))).toEqual(state);
  expect(stateText(state).endsWith("}\n")).toBe(true);
});

describe("jsonText", () => {
  const word = fc.string({
    unit: fc.constantFrom(...'ab"\\\n{é'),
    maxLength: 12,
  });
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(word, { maxLength: 8 }),
      fc.dictionary(word, tie("value"), { maxKeys: 4 }),
    ),
  })).value;

  test("means what JSON.stringify means", () => {
    const holds = fc.property(values, (value) => {
      expect(JSON.parse(jsonText(value))).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    });
    fc.assert(holds, runs(300));
  });

  test("is what prettier prints, whatever the list's length", async () => {
    // Through every width around the border of 80 columns, followed by a comma or not.
    for (let length = 1; length < 78; length += 1) {
      for (const list of [
        ["x".repeat(length)],
        ["a", "x".repeat(length), "b"],
      ]) {
        const text = `${jsonText({ answers: { plugin: list, database: "off" } })}\n`;
        expect(await format(text, { parser: "json" })).toBe(text);
      }
    }
    const empty = `${jsonText({ a: [], b: {}, c: { d: [] } })}\n`;
    expect(await format(empty, { parser: "json" })).toBe(empty);
  });
});
