import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  CHECKOUT,
  PREFIX,
  redacted,
  run,
  Sandbox,
  snapshot,
  type Snapshot,
} from "../support/run.ts";

const ALL = [...PREFIX, "--internal-prefix", "fd4c:8a1e:92b7::/64"];

/** What ALL gives, in a new directory. */
let repository: Snapshot = {};

beforeAll(async () => {
  const sandbox = new Sandbox();
  expect(await run(sandbox, ["gw", ...ALL])).toMatchObject({
    code: 0,
    stderr: "",
  });
  repository = redacted(snapshot(sandbox.path("gw")));
});

describe("what a run prints and returns", () => {
  test("the plan, how much was written, the next steps", async () => {
    const sandbox = new Sandbox();
    const { code, stdout, tree } = await run(sandbox, ["gw", ...ALL]);
    expect(code).toBe(0);
    expect(stdout).toContain("Kong            2a03:2222:3333:4444:300::8100");
    expect(stdout).toMatch(/Wrote \d+ files to gw\./);
    expect(stdout).toMatch(/ deploy gw --ssh root@2a03:2222:3333:4444::2\n/);
    expect(stdout).toMatch(/ probe gw\n/);
    expect(stdout).not.toMatch(/\p{Cc}\[|undefined|KONG_PG_PASSWORD=[0-9a-f]/u);
    expect(
      Object.keys(tree).filter((path) => /^cwd\/[^/]*$/.test(path)),
    ).toEqual(["cwd/gw"]);
  });

  test("the same answers give the same files, but for the password", async () => {
    const other = new Sandbox();
    await run(other, ["gw", ...ALL, "--yes"], { input: "no\nno\n" });
    expect(redacted(snapshot(other.path("gw")))).toEqual(repository);
    expect(other.read("gw/.env")).toMatch(/^KONG_PG_PASSWORD=[0-9a-f]{64}$/m);
  });

  test("--dry-run: exit 4, every file named, nothing written", async () => {
    const sandbox = new Sandbox();
    const before = sandbox.tree();
    const { code, stdout, tree } = await run(sandbox, [
      "gw",
      ...ALL,
      "--dry-run",
    ]);
    expect({ code, tree }).toEqual({ code: 4, tree: before });
    for (const [path, content] of Object.entries(repository))
      if (content.startsWith("file") && path !== ".kong-ipv6.json")
        expect.soft(stdout).toContain(`  + ${path}\n`);
    expect(stdout).toMatch(/^Plan: \d+ to create\.$/m);
    expect(stdout).toContain("Nothing was written: --dry-run.");
  });

  test("--diff: every line, no secret", async () => {
    const { code, stdout } = await run(new Sandbox(), [
      "gw",
      ...ALL,
      "--dry-run",
      "--diff",
    ]);
    expect(code).toBe(4);
    expect(stdout).toContain("+KONG_BIND_IPV6=2a03:2222:3333:4444:300::8100\n");
    expect(stdout).toContain("+KONG_PG_PASSWORD=<secret>\n");
  });

  test("--json: parseable, complete, no secret", async () => {
    const sandbox = new Sandbox();
    const { code, stdout, stderr } = await run(sandbox, [
      "gw",
      ...ALL,
      "--json",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      exitCode: 0,
      directory: sandbox.path("gw"),
      written: true,
      warnings: [],
      notes: [],
    });
    expect(report.answers).toEqual(
      JSON.parse(sandbox.read("gw/.kong-ipv6.json")).answers,
    );
    const files = Object.entries(repository).filter(
      ([path, content]) =>
        content.startsWith("file") && path !== ".kong-ipv6.json",
    );
    expect(report.changes).toHaveLength(files.length);
    for (const [path, content] of files)
      expect.soft(report.changes).toContainEqual({
        path,
        action: "create",
        mode: content.split(" ")[1],
      });
    expect(report.summary).toEqual({ create: files.length });
    expect(stdout).not.toContain(
      /^KONG_PG_PASSWORD=(.*)$/m.exec(sandbox.read("gw/.env"))?.[1],
    );
    const dry = await run(new Sandbox(), ["gw", ...ALL, "--json", "--dry-run"]);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      exitCode: 4,
      written: false,
    });
    expect(dry.code).toBe(4);
  });

  test("a warning is told and stops nothing", async () => {
    const { code, stdout } = await run(new Sandbox(), [
      "gw",
      "--prefix",
      "2001:db8:1:2::/64",
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "warning --prefix 2001:db8:1:2::/64: it is reserved for documentation (RFC 3849)",
    );
  });

  test("--help and --version, whatever else is given", async () => {
    const help = await run(new Sandbox(), ["gw", "--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    const version = await run(new Sandbox(), ["-V"]);
    const { version: own } = JSON.parse(
      readFileSync(`${CHECKOUT}package.json`, "utf8"),
    );
    expect(version).toMatchObject({ code: 0, stdout: `${own}\n`, stderr: "" });
  });
});

describe("answers files", () => {
  const VALUES = {
    prefix: "2A03:2222:3333:4444:0:0:0:0/64",
    internalPrefix: "fd4c:8a1e:92b7::/64",
    ndp: "kernel",
    plugin: ["kong-plugin-a", "kong-plugin-b"],
    domain: "Gateway.Example.COM.",
  };
  const YAML = Object.entries(VALUES)
    .map(
      ([key, value]) =>
        `${key}: ${Array.isArray(value) ? `[${value.join(", ")}]` : value}\n`,
    )
    .join("");

  test("JSON, YAML and flags give the same", async () => {
    const sandbox = new Sandbox({
      "a.json": `\ufeff${JSON.stringify(VALUES)}`,
      "a.yaml": `# answers\n${YAML}`,
      "a b": YAML,
    });
    const flags = Object.entries(VALUES).flatMap(([key, value]) =>
      [value]
        .flat()
        .flatMap((text) => [
          key === "internalPrefix" ? "--internal-prefix" : `--${key}`,
          text,
        ]),
    );
    await run(sandbox, ["json", "--answers", "a.json"]);
    await run(sandbox, ["yaml", "--answers=a.yaml"]);
    await run(sandbox, ["bare", "--answers", "a b"]);
    await run(sandbox, ["flags", ...flags]);
    const [json, ...others] = ["json", "yaml", "bare", "flags"].map((name) =>
      redacted(snapshot(sandbox.path(name))),
    );
    expect(json?.["README.md"]).toContain("gateway.example.com. 3600 IN AAAA");
    for (const other of others) expect(other).toEqual(json);
  });

  test("a flag wins over the file", async () => {
    const sandbox = new Sandbox({ "a.yaml": `${YAML}network: from_file\n` });
    const { code } = await run(sandbox, [
      "gw",
      "--answers",
      "a.yaml",
      "--ndp",
      "none",
      "--plugin",
      "kong-plugin-c",
    ]);
    expect(code).toBe(0);
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    expect(answers).toMatchObject({
      ndp: "none",
      plugin: ["kong-plugin-c"],
      network: "from_file",
    });
  });

  test("a bad value in the file that a flag replaces is no error", async () => {
    const sandbox = new Sandbox({ "a.yaml": "prefix: fe80::/64\n" });
    expect(
      await run(sandbox, ["gw", "--answers", "a.yaml", ...PREFIX]),
    ).toMatchObject({ code: 0 });
  });
});

describe("a reader that leaves, and a defect of our own", () => {
  test("| head -1: no error, no trace", async () => {
    for (const tail of [
      "| head -1",
      "2>&1 | head -1",
      "--help | head -1",
      "--json | head -c 5",
    ]) {
      const shell = `set -o pipefail; "$@" ${tail}; echo "code $?" >&2`;
      const { stderr } = await run(
        new Sandbox(),
        ["gw", ...PREFIX, "--dry-run", "--diff"],
        { shell },
      );
      expect.soft(stderr, tail).toMatch(/^code [04]\n$/);
    }
  });

  test("a stack trace only under DEBUG", async () => {
    const args = ["gw", "--prefix", "nonsense"];
    const plain = await run(new Sandbox(), args);
    expect(plain.stderr).not.toContain("    at ");
    const debug = await run(new Sandbox(), args, { env: { DEBUG: "1" } });
    expect(debug.stderr).toContain(plain.stderr);
    expect(debug.stderr).toContain("    at ");
    expect(debug.code).toBe(2);
  });

  test("an error that nobody foresaw says that it is ours, and writes nothing", async () => {
    const sandbox = new Sandbox();
    const preload = `data:text/javascript,import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module"; fs.writeFileSync = () => { throw new Error("unforeseen") }; syncBuiltinESMExports();`;
    const env = {
      NODE_OPTIONS: `--import=${JSON.stringify(preload).replaceAll(" ", "%20")}`,
    };
    const before = sandbox.tree();
    const { code, stderr, tree } = await run(sandbox, ["gw", ...PREFIX], {
      env,
    });
    expect({ code, tree }).toEqual({ code: 1, tree: before });
    expect(stderr).toBe(
      "error unforeseen\nThis is a bug in create-kong-ipv6. Run with DEBUG=1 to see where it happened.\n",
    );
  });
});

test("an output that can't be written is no defect of ours, whatever was to be printed", async () => {
  const options = { shell: `"$@" >/dev/full` };
  const told =
    "error the output can't be written (ENOSPC). Redirect it elsewhere. The files of the repository may have been written already.\n";
  for (const args of [
    ["--version"],
    ["--help"],
    ["create", "--help"],
    ["gw", ...PREFIX],
    ["more", ...PREFIX, "--json"],
    ["bad", "--json"],
  ]) {
    const { code, stderr } = await run(new Sandbox(), args, options);
    expect({ code, stderr }, args.join(" ")).toEqual({ code: 1, stderr: told });
  }
  const unheard = await run(new Sandbox(), ["--bogus"], {
    shell: `"$@" 2>/dev/full`,
  });
  expect(unheard).toMatchObject({ code: 2, stdout: "" });
});
