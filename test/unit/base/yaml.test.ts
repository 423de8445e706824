import { describe, expect, test } from "vitest";
import { parseYaml, whyNotMapping } from "../../../src/base/yaml.ts";

test("YAML 1.2: off and 12:30 are text; JSON is YAML", () => {
  expect(parseYaml("a: off\nb: 12:30\nc: fe80::1\nd: 5\n")).toEqual({
    a: "off",
    b: "12:30",
    c: "fe80::1",
    d: 5,
  });
  const json = {
    a: ["x", null, true, 1.5e3],
    "b\u2028": { c: "\ud83d\ude00\n" },
  };
  expect(parseYaml(JSON.stringify(json, null, "\t"))).toEqual(json);
});

test("__proto__ is a key like others", () => {
  const value = parseYaml("__proto__: {a: b}\n") as object;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(value).not.toHaveProperty("a");
});

describe("a SyntaxError of one line", () => {
  test.each([
    ["a key twice", "a: 1\nb: 2\na: 3\n", "duplicated mapping key (3:"],
    ["a key twice in JSON", '{"a": 1, "\\u0061": 2}', "duplicated mapping key"],
    ["an alias", "a: &x 1\nb: *x\n", "an anchor (&) is not supported"],
    ["an alias bomb", "a: &a [x, x]\nb: [*a, *a]\n", "an anchor (&)"],
    ["a cycle", "a: &a [*a]\n", "unidentified alias|anchor"],
    ["two documents", "a: 1\n---\nb: 2\n", "single document"],
    ["nested too deeply", "[".repeat(50_000), "."],
    ["an unknown tag", "a: !reset b\n", "unknown tag"],
  ])("for %s", (_, text, reason) => {
    let error: unknown;
    try {
      parseYaml(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SyntaxError);
    expect((error as Error).message).toMatch(
      new RegExp(reason.replace(/[()&]/g, "\\$&")),
    );
    expect((error as Error).message).not.toContain("\n");
  });
});

test("a file with tags of its own program is valid, a broken one is not", () => {
  const compose = "x: &x {a: b}\ny:\n  <<: *x\n  ports: !override [80]\n";
  expect(whyNotMapping(compose)).toBe(undefined);
  expect(whyNotMapping("a: [\n")).toMatch(/unexpected end/);
  expect(whyNotMapping("a: 1\na: 2\n")).toBe(
    "not valid YAML: duplicated mapping key (line 2)",
  );
});
