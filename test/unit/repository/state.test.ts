import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { plan } from "../../../src/plan/plan.ts";
import { render } from "../../../src/render/render.ts";
import { stateOf, stateText } from "../../../src/repository/state.ts";
import { answersFrom } from "../../support/base.ts";

const FILES = fileURLToPath(new URL("../../../files/", import.meta.url));

test("holds version, answers, and each file's mode, hash, and text if it is a template", () => {
  const answers = answersFrom();
  const tree = render(plan(answers));
  const state = stateOf(answers, tree);
  expect(state.schemaVersion).toBe(1);
  expect(state.generator).toBe(manifest.version);
  expect(state.answers).toEqual(answers);
  expect(Object.keys(state.files)).toEqual([...tree.keys()]);
  for (const [path, { text, mode }] of tree) {
    expect(state.files[path]).toEqual({
      ...(!existsSync(join(FILES, path)) && { text }),
      mode: `0${mode.toString(8)}`,
      sha256: createHash("sha256").update(text, "utf8").digest("hex"),
    });
  }
  expect(JSON.parse(stateText(state))).toEqual(state);
  expect(stateText(state).endsWith("}\n")).toBe(true);
});
