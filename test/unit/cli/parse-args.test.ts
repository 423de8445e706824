import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { readArguments } from "../../../src/cli/parse-args.ts";
import type { Issue } from "../../../src/base/errors.ts";

function issues(...argv: string[]): readonly Issue[] {
  const found = readArguments(argv).issues;
  if (found.length === 0) expect.fail(`${argv.join(" ")} was taken`);
  return found;
}

const flags = (...argv: string[]): string[] =>
  issues(...argv).map(({ flag }) => flag);

test("without arguments: ask, in colour, write, no git", () => {
  expect(readArguments([])).toMatchObject({
    directory: undefined,
    given: {},
    answersFile: undefined,
    yes: false,
    dryRun: false,
    diff: false,
    json: false,
    conflict: "ask",
    git: false,
    color: true,
    help: false,
    version: false,
    issues: [],
  });
});

describe("answers", () => {
  test("each has its flag, with = or without", () => {
    for (const { key, flag, list } of QUESTIONS) {
      const expected = list ? ["value"] : "value";
      expect(readArguments([flag, "value"]).given).toEqual({ [key]: expected });
      expect(readArguments([`${flag}=value`]).given).toEqual({
        [key]: expected,
      });
    }
  });

  test("stay text: nothing is guessed to be a number, true or null", () => {
    for (const text of ["12", "true", "null", "1e3", "-1", "2001:db8::/32"]) {
      const { given } = readArguments([`--network=${text}`]);
      expect(given).toEqual({ network: text });
    }
    expect(readArguments(["--prefix", "2001:db8::/32"]).given).toEqual({
      prefix: "2001:db8::/32",
    });
  });

  test("a list's flag is repeated, another's is not", () => {
    expect(readArguments(["--plugin", "a", "--plugin", "b"]).given).toEqual({
      plugin: ["a", "b"],
    });
    expect(issues("--kong", "a", "--kong", "b")).toMatchObject([
      { flag: "--kong", value: "a and b" },
    ]);
  });

  test("a missing value is named, not taken from the next flag", () => {
    expect(flags("--kong")).toEqual(["--kong"]);
    expect(flags("--kong=")).toEqual(["--kong"]);
    expect(flags("--kong", "")).toEqual(["--kong"]);
    expect(flags("--kong", "--host", "x")).toEqual(["--kong"]);
    expect(flags("--answers")).toEqual(["--answers"]);
  });
});

describe("switches", () => {
  test.each([
    ["-y", { yes: true }],
    ["--yes", { yes: true }],
    ["--dry-run", { dryRun: true }],
    ["--diff", { diff: true }],
    ["--json", { json: true }],
    ["--git", { git: true }],
    ["--no-git", { git: false }],
    ["--color", { color: true }],
    ["--no-color", { color: false }],
    ["-h", { help: true }],
    ["--help", { help: true }],
    ["-V", { version: true }],
    ["--version", { version: true }],
  ])("%s", (flag, expected) => {
    expect(readArguments([flag])).toMatchObject(expected);
  });

  test("the last of two wins", () => {
    expect(readArguments(["--git", "--no-git"]).git).toBe(false);
    expect(readArguments(["--no-git", "--git"]).git).toBe(true);
  });

  test("take no value", () => {
    expect(flags("--yes=no")).toEqual(["--yes"]);
    expect(flags("--no-git=1")).toEqual(["--no-git"]);
  });

  test("are not negated unless they can be", () => {
    expect(flags("--no-yes")).toEqual(["--no-yes"]);
    expect(flags("--no-kong")).toEqual(["--no-kong"]);
  });
});

test("--conflict is one of its words, once", () => {
  for (const word of ["ask", "keep", "theirs", "markers"])
    expect(readArguments(["--conflict", word]).conflict).toBe(word);
  expect(issues("--conflict", "mine")[0]?.remedy).toContain("theirs");
  expect(flags("--conflict", "keep", "--conflict", "ask")).toContain(
    "--conflict",
  );
});

test("an unknown flag is told its neighbour, all of them at once", () => {
  const found = issues("--prefx", "x", "--konk", "y", "-x");
  expect(found.map(({ flag }) => flag)).toEqual(["--prefx", "--konk", "-x"]);
  expect(found[0]?.remedy).toContain("--prefix");
  expect(found[1]?.remedy).toContain("--kong");
  expect(found[2]?.remedy).toContain("create --help lists all flags");
  expect(issues("check", "--jsno")[0]?.remedy).toBe(
    "Did you mean --json? check --help lists all flags",
  );
});

test.each([
  ["--dns", undefined],
  ["--x", undefined],
  ["-x", undefined],
  ["-v", "-V"],
  ["-H", "-h"],
  ["--jsno", "--json"],
  ["--intreface", "--interface"],
  ["--dryrun", "--dry-run"],
  ["--image", "--kong-image"],
])("-x was told --ndp, and --dns --yes: %s is told %s", (flag, near) => {
  expect(issues(flag)[0]?.remedy).toBe(
    `${near === undefined ? "" : `Did you mean ${near}? `}create --help lists all flags`,
  );
});

test("--no-git=1 was called no flag: it takes no value", () => {
  for (const flag of ["--no-git", "--git", "--no-color", "--yes"])
    expect(issues(`${flag}=1`)).toEqual([
      {
        flag,
        value: "1",
        reason: "it takes no value",
        remedy: `Give ${flag} alone`,
      },
    ]);
});

test("there is one directory, a word behind -- too", () => {
  expect(readArguments(["gw"]).directory).toBe("gw");
  expect(readArguments(["--yes", "gw"]).directory).toBe("gw");
  expect(readArguments(["--", "-gw"]).directory).toBe("-gw");
  expect(flags("one", "two")).toEqual(["two"]);
  expect(flags("")).toEqual(["directory"]);
});

describe("a first word that is nearly a command", () => {
  test.each([
    ["regenrate", "regenerate"],
    ["regenerat", "regenerate"],
    ["chek", "check"],
    ["udno my-gateway", "undo"],
    ["help", "--help"],
    // Two letters the wrong way round are one slip: these made a directory.
    ["chekc", "check"],
    ["hepl", "--help"],
  ])("%s is told its neighbour", (line, near) => {
    const [found] = issues(...line.split(" "));
    expect(found?.reason).toBe("there is no such command");
    expect(found?.remedy).toContain(`Did you mean ${near}?`);
  });

  test("is a directory where it is written as one, or is farther off", () => {
    for (const name of ["./chek", "my-gateway", "gw", "kong", "checkout"])
      expect(readArguments([name])).toMatchObject({
        command: "create",
        directory: name,
        issues: [],
      });
  });
});

describe("completion", () => {
  test("is for one of the shells", () => {
    expect(readArguments(["completion", "zsh"])).toMatchObject({
      command: "completion",
      shell: "zsh",
      directory: undefined,
      issues: [],
    });
    expect(readArguments(["completion", "--help"]).issues).toEqual([]);
  });

  test.each([
    ["completion", "the shell is missing"],
    ["completion tcsh", "there is no completion for this shell"],
    ["completion bash zsh", "only one shell can be given"],
    ["completion bash --json", "completion does not take it"],
  ])("%s: %s", (line, reason) => {
    expect(issues(...line.split(" "))).toMatchObject([{ reason }]);
  });
});

describe("detect", () => {
  test("looks here, or by ssh there; prints JSON, all of it, or YAML", () => {
    expect(readArguments(["detect"])).toMatchObject({
      command: "detect",
      ssh: undefined,
      yaml: false,
      issues: [],
    });
    const far = ["detect", "--ssh", "root@2001:db8::1", "--yaml"];
    expect(readArguments(far)).toMatchObject({
      ssh: "root@2001:db8::1",
      yaml: true,
      issues: [],
    });
    expect(flags("detect", "--json", "--yaml")).toEqual(["--yaml"]);
  });

  test("takes no directory and no answers; ./detect is a directory", () => {
    expect(flags("detect", "gw")).toEqual(["directory"]);
    expect(flags("detect", "--kong", "2001:db8::1")).toEqual(["--kong"]);
    expect(flags("detect", "--detect")).toEqual(["--detect"]);
    expect(readArguments(["./detect"])).toMatchObject({
      command: "create",
      directory: "./detect",
      issues: [],
    });
  });

  test("--detect is create's and regenerate's; --ssh is an answer there, and implies it", () => {
    for (const command of ["create", "regenerate"]) {
      expect(readArguments([command, "--ssh", "admin@gw"])).toMatchObject({
        detect: true,
        given: { ssh: "admin@gw" },
        issues: [],
      });
      for (const word of ["none", "NONE"])
        expect(readArguments([command, "--ssh", word]).detect).toBe(false);
      expect(readArguments([command, "--detect"]).detect).toBe(true);
    }
    for (const command of ["check", "undo"]) {
      expect(flags(command, "--detect")).toEqual(["--detect"]);
      expect(flags(command, "--ssh", "gw")).toContain("--ssh");
    }
    expect(flags("detect", "--ssh", "-l@gw")).toEqual(["--ssh"]);
  });
});
