import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256 } from "../../src/repository/state.ts";
import { batched } from "../support/run.ts";
import { Made, STATE, TO } from "./made.ts";

type State = Record<string, any>;

const record = (text: string): object => ({
  sha256: sha256(text),
  mode: "0644",
  text,
});

const listing = (path: string) => (state: State) => {
  state["files"][path] = record("x");
};

/** What somebody else may have written there, and what is said about it. */
const TAMPERED: readonly [string, (state: State) => void, RegExp][] = [
  [
    "an absolute path",
    listing("/etc/passwd"),
    /"\/etc\/passwd" is not a path inside/,
  ],
  ["a path upwards", listing("../x"), /"\.\.\/x" is not a path inside/],
  ["a path up and down", listing("a/../../x"), /is not a path inside/],
  ["a backslash", listing("a\\x"), /is not a path inside/],
  ["git's own", listing(".git/config"), /is not a path inside/],
  ["git's own in capitals", listing(".GIT/config"), /is not a path inside/],
  [
    "git's own of another repository",
    listing("a/.git/config"),
    /is not a path inside/,
  ],
  ["our own", listing(".kong-ipv6.undo/journal.json"), /is not a path inside/],
  [
    "terminal escapes in a path",
    listing("a\u001b[31mX"),
    /"a\\u001b\[31mX" is not a path inside/,
  ],
  ["a dot", listing("."), /is not a path inside/],
  ["a directory", listing("a/"), /is not a path inside/],
  ["nothing", listing(""), /"" is not a path inside/],
  [
    "another text",
    (state) => (state["files"]["README.md"].text += "x"),
    /the text of README\.md does not match its sha256/,
  ],
  [
    "another sum",
    (state) => (state["files"]["README.md"].sha256 = "0".repeat(64)),
    /does not match its sha256/,
  ],
  [
    "a sum that is not a sha256",
    (state) => (state["files"]["scripts/apply.sh"].sha256 = 5),
    /sha256 of scripts\/apply\.sh is not a sha256/,
  ],
  [
    "no text of what holds a secret",
    (state) => delete state["files"][".env"].text,
    /the text of \.env is missing/,
  ],
  [
    "marks of another type",
    (state) => (state["files"]["README.md"].owned = "1"),
    /owned of README\.md is not an object/,
  ],
  [
    "marks as a list",
    (state) => (state["files"]["README.md"].owned = ["1"]),
    /owned of README\.md is not an object/,
  ],
  [
    "a mark of another type",
    (state) => (state["files"]["README.md"].owned = { "2a0d::5": 1 }),
    /owned of README\.md has a mark that is not made of 0 and 1/,
  ],
  [
    "a mark that is neither 0 nor 1",
    (state) => (state["files"]["README.md"].owned = { "2a0d::5": "012" }),
    /owned of README\.md has a mark that is not made of 0 and 1/,
  ],
  [
    "a mode that is not a file mode",
    (state) => (state["files"]["README.md"].mode = "4755"),
    /mode of README\.md is not a file mode/,
  ],
  [
    "an owner that is not a sha256",
    (state) => (state["files"]["README.md"].owner = "x"),
    /owner of README\.md is not a sha256/,
  ],
  [
    "files as a list",
    (state) => (state["files"] = []),
    /files is not an object/,
  ],
  [
    "no answers",
    (state) => delete state["answers"],
    /answers is not an object/,
  ],
  [
    "an unusable answer",
    (state) => (state["answers"].kong = "::1"),
    /answers: --kong ::1/,
  ],
  [
    "answers that don't fit",
    (state) => (state["answers"].prefix = "2a0d::/64"),
    /answers: --host .*; --exposed .*; --kong /,
  ],
  [
    "an answer in another spelling",
    (state) => (state["answers"].prefix = "2A03:2222:3333:4444::/64"),
    /prefix is not in its normal form/,
  ],
  [
    "an unknown answer",
    (state) => (state["answers"].more = "x"),
    /answers has "more", which is not an answer/,
  ],
  [
    "no internal prefix",
    (state) => delete state["answers"].internalPrefix,
    /no internalPrefix/,
  ],
  [
    "an unknown key",
    (state) => (state["more"] = 1),
    /it has "more", which is unknown/,
  ],
  [
    "an unknown key of a file",
    (state) => (state["files"]["README.md"].more = 1),
    /README\.md has "more", which is unknown/,
  ],
  [
    "previous answers that are not a list",
    (state) => (state["previousAnswers"] = {}),
    /previousAnswers is not a list/,
  ],
  [
    "something else that is deployed",
    (state) => (state["deployed"] = { kong: "x; rm -rf /" }),
    /deployed: --kong/,
  ],
  [
    "more previous answers than are kept, which took check a quarter of a minute",
    (state) =>
      (state["previousAnswers"] = Array.from({ length: 101 }, () => ({}))),
    /previousAnswers has 101 entries; the most is 100/,
  ],
  [
    "previous answers that are not objects",
    (state) => (state["previousAnswers"] = ["x"]),
    /previousAnswers: 0 is not an object/,
  ],
  [
    "previous answers that can't be used",
    (state) => (state["previousAnswers"] = [{ host: "::1" }]),
    /previousAnswers: 0: --host ::1/,
  ],
  [
    "regenerated that is not true",
    (state) => (state["regenerated"] = "x"),
    /regenerated is not true/,
  ],
  [
    "a newer schema",
    (state) => (state["schemaVersion"] = 99),
    /newer generator \(schema 99; this one knows 1\)\. Run npx create-kong-ipv6@latest/,
  ],
  [
    "no schema",
    (state) => delete state["schemaVersion"],
    /schemaVersion is not a version/,
  ],
];

test("a state that somebody tampered with: exit 2, a clear line, nothing written", async () => {
  const made = await new Made().make();
  const good = made.read(STATE);
  for (const [name, change, told] of TAMPERED) {
    made.write(STATE, good);
    made.tamper(change);
    const before = made.sandbox.tree();
    const { code, stderr, tree } = await made.regenerate(...TO);
    expect({ name, code, stderr }).toEqual({
      name,
      code: 2,
      stderr: expect.stringMatching(told),
    });
    expect(stderr, name).toMatch(/^error directory .+\n$/);
    expect(tree, name).toEqual(before);
  }
  made.write(STATE, good);
  expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
});

test("regenerate refuses the state of a newer generator", async () => {
  const made = await new Made().make();
  made.tamper((state) => (state["generator"] = "99.0.0"));
  const before = made.sandbox.tree();
  const { code, stderr, tree } = await made.regenerate(...TO);
  expect({ code, tree }).toEqual({ code: 2, tree: before });
  expect(stderr).toContain(
    "it was written by create-kong-ipv6 99.0.0, which is newer than this version",
  );
  expect(stderr).toContain("Run npx create-kong-ipv6@latest");
  for (const older of ["0.0.1", "nonsense"]) {
    made.tamper((state) => (state["generator"] = older));
    expect(await made.regenerate("--dry-run")).toMatchObject({ code: 0 });
  }
});

test("a state of a newer generator with a new answer was reported as damaged", async () => {
  const made = await new Made().make();
  rmSync(made.path(".kong-ipv6.undo"), { recursive: true, force: true });
  made.tamper((state) => {
    state["generator"] = "99.0.0";
    state["answers"].tenants = "none";
    state["policies"] = {};
  });
  for (const command of ["regenerate", "check", "undo"]) {
    const before = made.sandbox.tree();
    const { code, stderr, tree } = await made.run([command]);
    expect({ code, tree }).toEqual({ code: 2, tree: before });
    expect(stderr).toContain("it was written by create-kong-ipv6 99.0.0");
    expect(stderr).toContain("Run npx create-kong-ipv6@latest");
  }
});

test("the mode that the owner gave the state was lost", async () => {
  const made = await new Made().make();
  chmodSync(made.path(STATE), 0o600);
  await made.regenerate(...TO);
  expect(statSync(made.path(STATE)).mode & 0o777).toBe(0o600);
});

test("check and undo trust it as little", async () => {
  const made = await new Made().make();
  made.tamper(listing("../x"));
  for (const command of ["check", "undo"]) {
    const before = made.sandbox.tree();
    expect(await made.run([command])).toMatchObject({ code: 2, tree: before });
  }
});

test("invalid JSON, a directory, a link, nothing at all", async () => {
  const made = await new Made().make();
  const ways: [string, () => void, string][] = [
    ["not JSON", () => made.write(STATE, "{"), "it is not valid JSON"],
    ["a list", () => made.write(STATE, "[]"), "it is not an object"],
    [
      "a directory",
      () => (rmSync(made.path(STATE)), mkdirSync(made.path(STATE))),
      "it is a directory",
    ],
    [
      "a link",
      () => (
        rmSync(made.path(STATE), { recursive: true }),
        symlinkSync("/etc/hosts", made.path(STATE))
      ),
      "it is a symbolic link",
    ],
    [
      "nothing",
      () => rmSync(made.path(STATE)),
      "its .kong-ipv6.json is missing",
    ],
  ];
  for (const [, prepare, told] of ways) {
    prepare();
    const before = made.sandbox.tree();
    const { code, stderr, tree } = await made.regenerate(...TO);
    expect({ code, tree }).toEqual({ code: 2, tree: before });
    expect(stderr).toContain(told);
  }
});

test("a directory that became a link leads nowhere, not for .new files either", async () => {
  const made = await new Made().make();
  await batched(["scripts", "host"], async (name) => {
    const away = made.sandbox.path(name);
    mkdirSync(away);
    rmSync(made.path(name), { recursive: true });
    symlinkSync(`../${name}`, made.path(name));
  });
  for (const word of ["ask", "keep", "theirs", "markers"]) {
    await made.regenerate(...TO, "--conflict", word);
    expect(
      Object.keys(made.sandbox.tree()).filter((path) =>
        /^cwd\/(scripts|host)\//.test(path),
      ),
    ).toEqual([]);
  }
});
