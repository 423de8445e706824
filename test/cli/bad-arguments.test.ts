import { expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { runIn } from "../support/in-process.ts";
import { batched, PREFIX, run, Sandbox } from "../support/run.ts";

/** Arguments, and what the one line about them says. */
const ARGUMENTS: readonly (readonly [args: string, says: string])[] = [
  ["gw --prefx P", "--prefx: there is no such flag. Did you mean --prefix?"],
  [
    "gw --kongimage kong:3.9.3",
    "--kongimage: there is no such flag. Did you mean --kong-image?",
  ],
  ["gw --no-yes", "--no-yes: there is no such flag."],
  ["gw -x", "-x: there is no such flag."],
  ["gw -yq", "-q: there is no such flag."],
  ["gw --yes=1", "--yes 1: it takes no value. Give --yes alone."],
  ["gw --json=yes", "--json yes: it takes no value. Give --json alone."],
  ["gw --no-git=1", "--no-git 1: it takes no value. Give --no-git alone."],
  ["gw --host", "--host: its value is missing. Write --host VALUE."],
  ["gw --host --yes", "--host: its value is missing. Write --host VALUE."],
  ["gw --host=", "--host: its value is missing. Write --host VALUE."],
  ["gw --answers", "--answers: its value is missing. Write --answers VALUE."],
  ["gw --plugin", "--plugin: its value is missing. Write --plugin VALUE."],
  [
    "gw --ndp none --ndp none",
    '--ndp "none and none": it is given more than once. Give it once.',
  ],
  [
    "gw --answers a.yaml --answers b.yaml",
    "it is given more than once. Give it once.",
  ],
  [
    "gw --conflict keep --conflict keep",
    "it is given more than once. Give it once.",
  ],
  [
    "gw --conflict overwrite",
    "--conflict overwrite: it is not one of the choices. Choose ask, keep, theirs, markers.",
  ],
  [
    "gw other",
    "other: only one directory can be given. The directory is already gw.",
  ],
  ["detect", "--prefix: detect does not take it."],
  ["gw --yaml", "--yaml: create does not take it."],
  ["gw --ssh=-oProxyCommand=x", "--ssh -oProxyCommand=x: its host"],
  ["check", "--prefix: check does not take it."],
  ["undo", "--prefix: undo does not take it."],
  ["regenerate --git", "--git: regenerate does not take it."],
  ["regenerate", "it holds no generated repository."],
];

test("arguments that can't be used: exit 2, named, nothing written", async () => {
  const wrong = await batched(ARGUMENTS, async ([args, says]) => {
    const sandbox = new Sandbox();
    const before = sandbox.tree();
    const { code, stdout, stderr, tree } = await runIn(sandbox, [
      ...PREFIX,
      ...args.split(" "),
    ]);
    expect
      .soft({ code, stdout, tree }, args)
      .toEqual({ code: 2, stdout: "", tree: before });
    return stderr.startsWith("error ") && stderr.includes(says)
      ? []
      : [args, stderr];
  });
  expect(wrong.flat()).toEqual([]);
});

test("each flag given twice is refused, but for the list", async () => {
  const args = QUESTIONS.flatMap(({ flag }) => [flag, "x", flag, "x"]);
  const { code, stderr } = await run(new Sandbox(), ["gw", ...args]);
  expect(code).toBe(2);
  for (const { flag, list } of QUESTIONS)
    expect
      .soft(stderr.includes(`error ${flag} "x and x": it is given more`), flag)
      .toBe(!list);
});

test("each flag's value is missed by its own name", async () => {
  const args = QUESTIONS.map(({ flag }) => `${flag}=`);
  const { code, stderr } = await run(new Sandbox(), ["gw", ...args]);
  expect(code).toBe(2);
  for (const { flag } of QUESTIONS)
    expect
      .soft(stderr)
      .toContain(`error ${flag}: its value is missing. Write ${flag} VALUE.`);
});

test("a directory that is no name: empty, with control characters", async () => {
  const empty = await run(new Sandbox(), ["", ...PREFIX]);
  expect(empty).toMatchObject({ code: 2, stdout: "" });
  expect(empty.stderr).toBe(
    'error directory "": it is empty. Name a directory, like my-gateway.\n',
  );
  const sandbox = new Sandbox();
  const control = await run(sandbox, ["a\u001b[31m\nb\u009b", ...PREFIX]);
  expect(control).toMatchObject({ code: 2, stdout: "", tree: sandbox.tree() });
  expect(control.stderr).toBe(
    'error directory "a\\u001b[31m\\nb\\u009b": it has control characters. Name a directory, like my-gateway.\n',
  );
});

test("a repository was written into /", async () => {
  const root = await run(new Sandbox(), ["/", ...PREFIX, "--dry-run"]);
  expect(root).toMatchObject({ code: 2, stdout: "" });
  expect(root.stderr).toBe(
    "error directory /: it is the root of the file system. Name a new directory, like my-gateway.\n",
  );
});

test("what is missing is named with its flag, directory and prefix in one run", async () => {
  const sandbox = new Sandbox({ "notes.txt": "mine\n" });
  const { code, stderr } = await run(sandbox, []);
  expect(code).toBe(2);
  expect(stderr.split("\n").sort()).toEqual([
    "",
    "error --prefix: it is missing: the provider's IPv6 prefix. Give --prefix PREFIX.",
    "error directory: it is missing, and the current directory is not empty. Give one, like my-gateway, or . for the current one.",
  ]);
});

test.each([
  ["regenrate gw --yes", "regenrate: there is no such command."],
  ["chek gw", "chek: there is no such command."],
  ["gw other --yes", "other: only one directory can be given."],
  ["gw --prefx 2a03:2222:3333:4444::/64", "--prefx: there is no such flag."],
  ["gw --bogus --yes", "--bogus: there is no such flag."],
])(
  "a mistyped word is the only error, though no prefix is read: %s",
  async (args, says) => {
    const { code, stderr } = await runIn(new Sandbox(), args.split(" "));
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringContaining(says),
    ]);
  },
);

const MANY = [
  "gw",
  "--bogus",
  "--host",
  "fc00::1",
  "--domain",
  "localhost",
  "--answers",
  "a.yaml",
];
const MANY_FILE = {
  "a.yaml": "prefix: fe80::/64\nkongg: x\nipv4: 5\nnetwork: bridge\n",
};
const MANY_FLAGS = [
  "--bogus",
  "--answers",
  "--prefix",
  "--host",
  "--ipv4",
  "--network",
  "--domain",
];

test("errors of arguments, answers file and answers are told in one run", async () => {
  const { code, stderr } = await run(new Sandbox(MANY_FILE), MANY);
  expect(code).toBe(2);
  const flags = stderr
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/[ :]/)[1]);
  expect(flags).toEqual(MANY_FLAGS);
});

/** One run each, and the flags that it names. */
const TOGETHER: readonly (readonly [args: string, flags: readonly string[]])[] =
  [
    ["gw --conflict bogus", ["--conflict", "--prefix"]],
    ["gw --conflict bogus --ndp foo", ["--conflict", "--prefix", "--ndp"]],
    ["gw --answers kong.yaml", ["--answers", "--kong"]],
    [
      "gw --prefix P::/64 --ipv4 10.83.81.3 --conflict x",
      ["--conflict", "--ipv4"],
    ],
    ["gw --prefix P::/64 --kong 2a03::1 --bogus", ["--bogus", "--kong"]],
    // What can't be read may be what would be missed, or what has another value than its default.
    ["gw --prefix", ["--prefix"]],
    ["gw --prefx P::/64", ["--prefx"]],
    ["gw --provider P::/64", ["--provider"]],
    ["gw --answers none.yaml --ndp foo", ["--answers", "--ndp"]],
    ["gw --answers none.yaml --prefix P::/64 --kong P:9::2", ["--answers"]],
    ["gw --prefix P::/64 --exposd P:9::/80 --kong P:9::2", ["--exposd"]],
    ["gw --prefix P::/64 --kong P:9::2 --exposed", ["--exposed"]],
  ];

test("an argument that can't be used hides no error of the answers, and makes none", async () => {
  const P = "2a03:2222:3333:4444";
  const sandbox = new Sandbox({
    "kong.yaml": `prefix: ${P}::/64\nkong: ${P}:999::1\nbogus: 1\n`,
  });
  for (const [args, flags] of TOGETHER) {
    const argv = args.replaceAll("P:", `${P}:`).split(" ");
    const { code, stderr } = await runIn(sandbox, argv);
    const named = [...stderr.matchAll(/^error (--[\w-]+)/gm)];
    expect.soft({ code, flags: named.map(([, flag]) => flag) }, args).toEqual({
      code: 2,
      flags,
    });
  }
});

test("--json: the same errors as JSON on stdout, nothing on stderr", async () => {
  const plain = await run(new Sandbox(MANY_FILE), MANY);
  const { code, stdout, stderr } = await run(new Sandbox(MANY_FILE), [
    ...MANY,
    "--json",
  ]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ exitCode: 2, written: false });
  expect(report.error.issues.map(({ flag }: { flag: string }) => flag)).toEqual(
    MANY_FLAGS,
  );
  for (const issue of report.error.issues) {
    expect(issue.reason).toMatch(/\w/);
    expect(issue.remedy).toMatch(/\w/);
  }
  const lines = plain.stderr.trimEnd().split("\n");
  expect(lines).toEqual(
    report.error.message.split("\n").map((line: string) => `error ${line}.`),
  );
});

test("--json: a failure outside of the answers too", async () => {
  const sandbox = new Sandbox({ gw: "a file\n" });
  const { code, stdout } = await run(sandbox, ["gw", ...PREFIX, "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: 1,
    written: false,
    error: {
      message: `${sandbox.path("gw")} is not a directory`,
      remedy: "Name another directory.",
    },
  });
});
