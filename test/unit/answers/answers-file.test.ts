import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readAnswersFile } from "../../../src/answers/answers-file.ts";
import { UnusableError, type Issue } from "../../../src/base/errors.ts";
import { resolve, type Given } from "../../../src/answers/resolve.ts";
import { temporary } from "../../support/trees.ts";

const file = (name: string, content: string | Buffer): string => {
  const path = join(temporary(), name);
  writeFileSync(path, content);
  return path;
};

const givenIn = async (path: string): Promise<Given> => {
  const { given, issues: found } = await readAnswersFile(path);
  expect(found).toEqual([]);
  return given;
};

async function issues(path: string): Promise<readonly Issue[]> {
  try {
    const found = (await readAnswersFile(path)).issues;
    if (found.length > 0) return found;
  } catch (error) {
    if (error instanceof UnusableError) return error.issues;
    throw error;
  }
  return expect.fail("it was taken");
}

test("JSON and YAML say the same", async () => {
  const answers = { prefix: "2001:db8:1:2::/64", plugin: ["a", "b"] };
  const yaml = `# mine\nprefix: "2001:db8:1:2::/64"\nplugin:\n  - a\n  - b\n`;
  expect(await givenIn(file("a.json", JSON.stringify(answers)))).toEqual(
    answers,
  );
  expect(await givenIn(file("a.yaml", yaml))).toEqual(answers);
  expect(await givenIn(file("a.yml", yaml))).toEqual(answers);
  expect(await givenIn(file("answers", yaml))).toEqual(answers);
  // JSON is YAML.
  expect(await givenIn(file("a.yaml", JSON.stringify(answers)))).toEqual(
    answers,
  );
});

test("an address needs no quotes in YAML", async () => {
  const given = await givenIn(
    file("a.yaml", "prefix: 2001:db8:1:2::/64\ngateway: fe80::1\n"),
  );
  expect(resolve(given).answers.prefix).toBe("2001:db8:1:2::/64");
});

test("database: off is the word, not a boolean (YAML 1.2)", async () => {
  expect(await givenIn(file("a.yaml", "database: off\n"))).toEqual({
    database: "off",
  });
});

describe("is refused, under --answers,", () => {
  test.each([
    ["a list", "a.json", "[]", "contains no answers"],
    ["null", "a.json", "null", "contains no answers"],
    ["a text", "a.yaml", "just words", "contains no answers"],
    ["nothing", "a.yaml", "", "contains no answers"],
    ["broken JSON", "a.json", '{"prefix": ', "can't be parsed"],
    ["YAML in .json", "a.json", "prefix: x", "can't be parsed"],
    ["a key twice", "a.yaml", "kong: a\nkong: b\n", "can't be parsed"],
    [
      "a key twice in JSON, once escaped",
      "a.json",
      '{"kong": "a", "plugin": ["kong", "x:"], "k\\u006fng": "b"}',
      "duplicated mapping key (1:41)",
    ],
    ["an alias bomb", "a.yaml", "a: &a [x]\nb: [*a, *a]\n", "can't be parsed"],
  ])("%s", async (_, name, content, words) => {
    const path = file(name, content);
    const found = await issues(path);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ flag: "--answers", value: path });
    expect(found[0]?.reason).toContain(words);
    expect(found[0]?.reason).not.toContain("\n");
  });

  test("bytes that are no UTF-8, a directory, nothing at all, too much", async () => {
    const latin = file("a.yaml", Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect((await issues(latin))[0]?.reason).toContain("UTF-8");
    expect((await issues(temporary()))[0]?.reason).toContain("EISDIR");
    const missing = join(temporary(), "missing.yaml");
    expect((await issues(missing))[0]?.reason).toContain("ENOENT");
    const large = file("a.yaml", "#".repeat(1024 * 1024 + 1));
    expect((await issues(large))[0]?.reason).toContain("bytes");
  });

  test("keys that are no answers, all of them, with their neighbours", async () => {
    const found = await issues(
      file("a.yaml", "prefx: a\nkongimage: b\n__proto__: c\nhost: d\n"),
    );
    expect(found.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('"prefx"'),
      expect.stringContaining('"kongimage"'),
      expect.stringContaining('"__proto__"'),
    ]);
    expect(found[0]?.remedy).toContain("prefix");
    expect(found[1]?.remedy).toContain("kongImage");
  });
});
