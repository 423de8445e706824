import { expect, test } from "vitest";
import { parsedOf } from "../../../src/answers/normal-form.ts";
import { parseAnswer } from "../../../src/answers/parse-answer.ts";
import { questionOf, QUESTIONS } from "../../../src/answers/questions.ts";
import type { AnswerKey } from "../../../src/answers/types.ts";
import type { Issue } from "../../../src/base/errors.ts";
import { answersFrom } from "../../support/base.ts";

const issuesOf = (key: AnswerKey, given: unknown): readonly Issue[] =>
  parseAnswer(questionOf(key), given).issues;

test.each([
  ["a number", 64, "a number"],
  ["a boolean", true, "a boolean"],
  ["null", null, "null"],
  ["a list", ["fe80::1"], "a list"],
  ["an object", { a: 1 }, "an object"],
])("%s is no text", (_, value, said) => {
  const issues = issuesOf("gateway", value);
  expect(issues).toHaveLength(1);
  expect(issues[0]?.flag).toBe("--gateway");
  expect(issues[0]?.value).toBe(JSON.stringify(value));
  expect(issues[0]?.reason).toContain(`it is ${said}, not text`);
});

test("a list takes one text, several, or none; each once", () => {
  expect(answersFrom({ plugin: "a" }).plugin).toEqual(["a"]);
  expect(answersFrom({ plugin: [] }).plugin).toEqual([]);
  expect(answersFrom({ plugin: ["b", "a", "b"] }).plugin).toEqual(["b", "a"]);
  const issues = issuesOf("plugin", ["a", 1, null]);
  expect(issues.map(({ value }) => value)).toEqual(["1", "null"]);
  expect(issues[0]?.reason).toContain("text or a list of texts");
});

test("the word for no plugin among plugins is refused, not installed", () => {
  expect(answersFrom({ plugin: ["none"] }).plugin).toEqual([]);
  for (const plugin of [
    ["none", "foo"],
    ["foo", "NONE"],
  ]) {
    const issues = issuesOf("plugin", plugin);
    expect(issues.map(({ flag }) => flag)).toEqual(["--plugin"]);
  }
});

test("the word for nothing in capitals was refused for a list", () => {
  for (const word of ["none", "None", "NONE", " NONE "])
    for (const key of ["plugin", "expose"] as const)
      for (const given of [word, [word]])
        expect(answersFrom({ [key]: given })[key]).toEqual([]);
});

test("an error names a value that fits the earlier answers instead of an example", () => {
  const known = parsedOf({ prefix: "2a03:1:2:3::/64" });
  const remedy = (key: AnswerKey, text: string): string | undefined =>
    parseAnswer(questionOf(key), text, known).issues[0]?.remedy;
  expect(remedy("host", "localhost")).toBe(
    "Try 2a03:1:2:3::2; keep leaves the server's address as it is",
  );
  expect(remedy("exposed", "x")).toBe("Try 2a03:1:2:3:300::/80");
  expect(remedy("gateway", "x")).toContain("fe80::1");
});

test("an obvious correction is returned beside the issue", () => {
  const { value, issues } = parseAnswer(questionOf("kong"), "2a03:1:2:3::2/64");
  expect(value).toBe(0x2a03_0001_0002_0003_0000_0000_0000_0002n);
  expect(issues).toHaveLength(1);
  expect(parseAnswer(questionOf("host"), "x")).not.toHaveProperty("value");
  // Without its length it would be refused next: the remedy is the one for that.
  const loopback = parseAnswer(questionOf("kong"), "::1/128");
  expect(loopback).not.toHaveProperty("value");
  expect(loopback.issues[0]?.reason).toContain("prefix length");
  expect(loopback.issues[0]?.remedy).toContain("global unicast");
});

test("an answer in normal form is parsed to itself", () => {
  const answers = answersFrom();
  for (const question of QUESTIONS) {
    const { value, issues } = parseAnswer(question, answers[question.key]);
    expect(issues).toEqual([]);
    expect(value).toEqual(parsedOf(answers)[question.key]);
  }
});
