import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { plan, planOf } from "../../../src/plan/plan.ts";
import { render } from "../../../src/render/render.ts";
import { stateOf, stateText } from "../../../src/repository/state.ts";
import { parseState } from "../../../src/repository/state-reader.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

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

/** The state of an overlap, and its text as it is written. */
function overlapState() {
  const { overlap, answers } = overlapFrom(
    { expose: ["mail:25"] },
    { prefix: "2001:db8:9:9::/64" },
  );
  const tree = render(planOf({ overlap, answers }));
  const state = {
    ...stateOf(answers, tree),
    previousAnswers: [overlap],
    overlap,
  };
  return { state, text: stateText(state) };
}

test("an overlap is stored as the difference to the answers, and read back", () => {
  const { state, text } = overlapState();
  expect(JSON.parse(text).overlap).toEqual({
    prefix: "2001:db8:1:2::/64",
    host: "2001:db8:1:2::2",
    exposed: "2001:db8:1:2:300::/80",
    kong: "2001:db8:1:2:300::8100",
    expose: ["mail@[2001:db8:1:2:300::8101]:25"],
  });
  expect(parseState(text)).toEqual(state);
});

test.each([
  ["is no object", "none", "overlap is not an object"],
  ["has an unknown answer", { kongs: "x" }, "is not an answer"],
  ["has an address that is none", { kong: "x; rm -rf /" }, "overlap: --kong"],
  [
    "has an address in another spelling",
    { kong: "2001:DB8:9:9:300::9" },
    "overlap: kong is not in its normal form",
  ],
  [
    "gives one address two owners",
    {
      kong: "2001:db8:9:9:300::8101",
      expose: ["mail@[2001:db8:9:9:300::9]:25"],
    },
    "overlap: --expose",
  ],
])("a state is refused whose overlap %s", (_, overlap, says) => {
  const state = JSON.parse(overlapState().text);
  const text = JSON.stringify({ ...state, overlap });
  expect(() => parseState(text)).toThrow(says);
});
