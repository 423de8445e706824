import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { Refusal } from "../../src/base/errors.ts";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { batched, run, Sandbox } from "../support/run.ts";

const P = "prefix: 2a03:2222:3333:4444::/64\n";

/** An answers file's name and content, and what the line about it says. */
const FILES: readonly (readonly [
  name: string,
  content: string | Buffer,
  says: string,
])[] = [
  [
    "a.yaml",
    "",
    "it contains no answers. Write KEY: VALUE lines, like prefix: 2001:db8:1:2::/64.",
  ],
  ["a.yaml", "# nothing\n", "it contains no answers."],
  ["a.yaml", "- prefix\n", "it contains no answers."],
  ["a.yaml", "just text\n", "it contains no answers."],
  ["a.yaml", "prefix: [\n", "it can't be parsed: "],
  ["a.yaml", "a: b: c\n", "it can't be parsed: "],
  ["a.yaml", `${P}\tdomain: x.example\n`, "it can't be parsed: "],
  ["a.yaml", `${P}${P}`, "it can't be parsed: duplicated mapping key (2:"],
  ["a.yaml", `${P}---\n${P}`, "it can't be parsed: "],
  ["a.yaml", "prefix: &p x\nhost: *p\n", "it can't be parsed: "],
  ["a.yaml", "1: x\n", 'there is no answer "1".'],
  ["a.yaml", "[".repeat(50_000), "it can't be parsed: "],
  ["a.json", "", "it can't be parsed: "],
  ["a.json", "{", "it can't be parsed: "],
  ["a.json", '{"prefix": "x",}', "it can't be parsed: "],
  ["a.json", P, "it can't be parsed: "],
  // The error was about YAML, or the remedy.
  [
    "a.json",
    '{"prefix": "x"',
    'Write it like {"prefix": "2001:db8:1:2::/64"}.',
  ],
  ["a.txt", '{"prefix": "x" "y"}', "in JSON at position 15"],
  ["a.json", "[]", "it contains no answers."],
  ["a.json", "null", "it contains no answers."],
  ["a.json", '"prefix"', "it contains no answers."],
  [
    "a.yaml",
    `${P}prefixx: y\n`,
    'there is no answer "prefixx". Perhaps you meant prefix.',
  ],
  [
    "a.yaml",
    `${P}kong-image: y\n`,
    'there is no answer "kong-image". Perhaps you meant kongImage.',
  ],
  [
    "a.yaml",
    `${P}PLUGIN: y\n`,
    'there is no answer "PLUGIN". Perhaps you meant plugin.',
  ],
  ["a.yaml", `${P}"\\e[31m": y\n`, 'there is no answer "\\u001b[31m".'],
  [
    "a.json",
    '{"__proto__": {"domain": "x.example"}}',
    'there is no answer "__proto__".',
  ],
  // "Perhaps you meant interface" was said of it.
  [
    "a.json",
    '{"constructor": "x"}',
    'there is no answer "constructor". The answers are prefix, host, ',
  ],
  ["a.yaml", `${P}<<: {domain: x.example}\n`, 'there is no answer "<<".'],
  [
    "a.yaml",
    Buffer.from([0xff, 0xfe, 0x70, 0]),
    "it is not UTF-8 text. Save it as UTF-8.",
  ],
  [
    "a.yaml",
    Buffer.from("domain: b\xfccher.example\n", "latin1"),
    "it is not UTF-8 text.",
  ],
  [
    "a.yaml",
    `#${"x".repeat(1024 * 1024)}\n`,
    "it has more than 1048576 bytes.",
  ],
];

test("answers files that can't be used: exit 2, the file named, nothing written", async () => {
  const wrong = await batched(FILES, async ([name, content, says]) => {
    const sandbox = new Sandbox({ [name]: content });
    const before = sandbox.tree();
    const { code, stdout, stderr, tree } = await runIn(sandbox, [
      "gw",
      "--answers",
      name,
    ]);
    expect.soft({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
    expect.soft(tree, stderr).toEqual(before);
    const told =
      stderr.startsWith(`error --answers ${name}: `) && stderr.includes(says);
    return told && /^error .+\. .+\.$/m.test(stderr) ? [] : [says, stderr];
  });
  expect(wrong.flat()).toEqual([]);
});

test("a file that isn't there, is a directory, has no end, or may not be read", async () => {
  const sandbox = new Sandbox({ "secret.yaml": P, "dir/": "" });
  chmodSync(sandbox.path("secret.yaml"), 0);
  const before = sandbox.tree();
  const FILES = {
    "none.yaml": "it can't be read (ENOENT).",
    dir: "it can't be read (EISDIR).",
    "secret.yaml": "it can't be read (EACCES).",
    "secret.yaml/x": "it can't be read (ENOTDIR).",
    "/dev/zero": "it has more than 1048576 bytes.",
    "/dev/null": "it contains no answers.",
  };
  for (const [file, says] of Object.entries(FILES)) {
    const args = ["gw", "--answers", file];
    const result = await run(sandbox, args, { unprivileged: true });
    expect
      .soft(result, file)
      .toMatchObject({ code: 2, stdout: "", tree: before });
    expect.soft(result.stderr).toContain(`error --answers ${file}: ${says} `);
  }
});

test("--answers - reads standard input", async () => {
  const sandbox = new Sandbox();
  const args = ["gw", "--answers", "-", "--yes"];
  expect(await run(sandbox, args, { input: P })).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(sandbox.read("gw/.env")).toContain("2a03:2222:3333:4444:300::8100");
  const wrong = await run(sandbox, args, { input: "{" });
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("error --answers -: it can't be parsed: ");
});

/** Each value that is no text, and how the refusal calls it. */
const TYPES: readonly (readonly [value: unknown, says: string])[] = [
  [7, "it is a number, not text. "],
  [true, "it is a boolean, not text. "],
  [null, "it is null, not text. "],
  [["x"], "it is a list, not text. Give one "],
  [{ x: "y" }, "it is an object, not text. Give one "],
];

test("every answer refuses every wrong type, all in one run", async () => {
  for (const [value, says] of TYPES) {
    const answers = Object.fromEntries(
      QUESTIONS.map(({ key }) => [key, value]),
    );
    const sandbox = new Sandbox({ "a.json": JSON.stringify(answers) });
    const before = sandbox.tree();
    const result = await run(sandbox, ["gw", "--answers", "a.json"]);
    expect(result).toMatchObject({ code: 2, stdout: "", tree: before });
    const lines = result.stderr.trimEnd().split("\n");
    for (const { flag, key, list } of QUESTIONS) {
      const line = lines.find((text) => text.startsWith(`error ${flag} `));
      // A list is what --plugin and --expose take; its texts are read one by one, by --expose objects too.
      if (key === "expose" && typeof value === "object" && value !== null)
        expect
          .soft(line)
          .toContain(Array.isArray(value) ? "it is not NAME@" : 'no key "x"');
      else if (list && Array.isArray(value)) expect.soft(line).toBe(undefined);
      else
        expect
          .soft(line?.replace("text or a list of texts", "text"))
          .toContain(says);
    }
  }
});

test("a value of the wrong type is told to be quoted or left out only where that is taken", async () => {
  for (const value of [7, 1.5, true, false]) {
    const text = String(value);
    const answers = Object.fromEntries(
      QUESTIONS.map(({ key }) => [key, value]),
    );
    const sandbox = new Sandbox({ "a.json": JSON.stringify(answers) });
    const { stderr } = await runIn(sandbox, ["gw", "--answers", "a.json"]);
    for (const { flag, parse } of QUESTIONS) {
      const [line] = stderr.match(new RegExp(`^error ${flag} .+$`, "m")) ?? [];
      const quoted = line?.endsWith(`Put it in quotes: "${text}".`) ?? false;
      expect.soft(quoted, line).toBe(takes(() => parse(text)));
    }
  }
  const sandbox = new Sandbox({
    "a.yaml": `${P}database: false\nipv4: 5\n`,
    "none.yaml": "prefix: null\nhost: null\n",
  });
  const wrong = await runIn(sandbox, ["gw", "--answers", "a.yaml"]);
  expect(wrong.stderr.split("\n").slice(0, -1)).toEqual([
    "error --ipv4 5: it is a number, not text. Give an address of the server, like 192.0.2.10.",
    "error --database false: it is a boolean, not text. Choose postgres or off.",
  ]);
  const none = await runIn(sandbox, ["gw", "--answers", "none.yaml"]);
  expect(none.stderr.split("\n").slice(0, -1)).toEqual([
    "error --prefix null: it is null, not text. Give one PREFIX.",
    "error --host null: it is null, not text. Leave the key out for its default.",
  ]);
});

function takes(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

test("a list of what is no text", async () => {
  const sandbox = new Sandbox({
    "a.yaml": `${P}plugin: [kong-plugin-x, 1, {}, [a]]\n`,
  });
  const { code, stderr } = await run(sandbox, ["gw", "--answers", "a.yaml"]);
  expect(code).toBe(2);
  expect(
    stderr.match(/^error --plugin .+ not text or a list of texts\. .+\.$/gm),
  ).toHaveLength(3);
});
