import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readAnswersFile } from "../../../src/answers/answers-file.ts";
import { inferAnswers } from "../../../src/detect/infer/infer-answers.ts";
import { factsText } from "../../../src/detect/print.ts";
import { valuesOf, type Detection } from "../../../src/detect/infer/types.ts";
import {
  answersJson,
  answersYaml,
  detectionJson,
  detectionText,
  warningText,
} from "../../../src/detect/print.ts";
import { styleFor } from "../../../src/base/colors.ts";
import { factsOf } from "./recordings.ts";

const scratch = mkdtempSync(join(tmpdir(), "kong-ipv6-print-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const seen = inferAnswers(await factsOf("sid-busy"));

/** What a server could say to get at a terminal, a comment's end or another line. */
const HOSTILE: Detection = {
  answers: [
    { key: "prefix", value: "2001:db8::/64", source: "a\nkong: x\u001b[2J" },
    { key: "interface", value: 'e"\n#', source: "\u2028b" },
  ],
  seen: [{ key: "docker", value: "\u001b]0;x\u0007", source: "\u202ec" }],
  warnings: ["d\r\ne"],
};

test.each([
  ["answers.json", answersJson],
  ["answers.yaml", answersYaml],
])("%s is an answers file with the same answers", async (name, print) => {
  for (const detection of [seen, HOSTILE]) {
    const file = join(scratch, name);
    writeFileSync(file, `${print(detection)}\n`);
    expect(await readAnswersFile(file)).toEqual({
      given: valuesOf(detection.answers),
      issues: [],
      unread: [],
    });
  }
});

test("YAML has the fact behind each answer, on its line", () => {
  expect(answersYaml(seen).split("\n")).toContain(
    'prefix: "2001:db8:1:2::/64" # ens3 has 2001:db8:1:2::2/64',
  );
});

test("--json has all of it", () => {
  const { answers, facts, warnings } = JSON.parse(
    detectionJson(seen),
  ) as Record<string, unknown>;
  expect(answers).toEqual(valuesOf(seen.answers));
  expect(facts).toEqual([...seen.answers, ...seen.seen]);
  expect(warnings).toEqual(seen.warnings);
});

test("nothing that a server says reaches the terminal as it is", () => {
  const style = styleFor(false, false);
  for (const text of [
    detectionText(HOSTILE, style),
    answersJson(HOSTILE),
    answersYaml(HOSTILE),
    detectionJson(HOSTILE),
  ])
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\u2028\u202e]/u);
  expect(detectionText(HOSTILE, style).split("\n")).toHaveLength(4);
});

test("a fact that doesn't fit beside its source has it below, on a terminal", () => {
  const long = "/etc/netplan/90-NM-1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901.yaml";
  const facts = [{ key: "netplan", value: "ens3, renderer NM", source: long }];
  expect(factsText(facts, styleFor(false, false))).toBe(
    `  netplan  ens3, renderer NM  ${long}`,
  );
  expect(factsText(facts, styleFor(true, false))).toBe(
    `  netplan  ens3, renderer NM\n           ${long}`,
  );
});

test("a warning ends with exactly one punctuation mark", () => {
  for (const [warning, shown] of [
    ["it is so", "it is so."],
    ["it is so.", "it is so."],
    ["it is so...", "it is so."],
    ["it is so.,", "it is so."],
    ["docker said: no such host: ", "docker said: no such host."],
    ["is it so?", "is it so?"],
    ["is it so?.", "is it so?"],
    ["permission denied!", "permission denied!"],
  ] as const)
    expect(warningText(warning, styleFor(false, false))).toBe(
      `warning ${shown}`,
    );
});
