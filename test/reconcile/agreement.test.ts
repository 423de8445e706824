import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PREFIX, Sandbox } from "../support/run.ts";
import { runHere } from "../support/in-process.ts";
import { Made, OLD, TO } from "./made.ts";

// check and regenerate agree: what check calls a fault, regenerate names too, and the way out works.

const OVERRIDE = "docker-compose.override.yml";
const COMPOSE = "docker-compose.yml";
const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";
const FIREWALL = "host/etc/kong-ipv6/firewall.nft";

/** Both name the same fault. */
async function expectBoth(made: Made, words: RegExp): Promise<void> {
  const check = await made.run(["check"]);
  expect(check.code, check.stdout).toBe(4);
  const run = await made.regenerate();
  expect(run.code, run.stdout).toBe(3);
  for (const { stdout } of [check, run])
    expect(stdout.replace(/\s+/g, " ")).toMatch(words);
}

async function expectDone(made: Made, ...args: string[]): Promise<void> {
  const { code, stdout } = await made.regenerate(...args);
  expect(code, stdout).toBe(0);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
}

test("an override that needs a variable: .env can set it, and no generated text is offered", async () => {
  const made = await new Made().make();
  made.write(OVERRIDE, "services:\n  x:\n    image: ${FOO:?x}\n");
  await expectBoth(made, /line 3 needs FOO.* Set it in \.env/);
  expect((await made.run(["check"])).stdout).not.toContain("--conflict");
  made.edit(".env", (text) => `${text}FOO=redis\n`);
  await expectDone(made);
});

test("an override that is not valid YAML", async () => {
  const made = await new Made().make();
  made.write(OVERRIDE, "services: [\n");
  await expectBoth(made, new RegExp(`${OVERRIDE}.*not valid YAML`));
  made.write(OVERRIDE, "services: !reset {}\n");
  await expectDone(made);
});

test("a leftover .new file is not called a conflict", async () => {
  const made = await new Made().make();
  made.write("README.md.new", "mine\n");
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain(
    "README.md  leftover: delete its .new file when done\n",
  );
  expect(stdout).not.toContain("--conflict");
  rmSync(made.path("README.md.new"));
  await expectDone(made);
});

test("an own compose.yaml that hides docker-compose.yml", async () => {
  const made = await new Made().make();
  made.write("compose.yaml", "services: {}\n");
  await expectBoth(made, /reads your compose\.yaml instead/);
  renameSync(made.path("compose.yaml"), made.path(OVERRIDE));
  await expectDone(made);
  const sandbox = new Sandbox({ "gw/compose.yaml": "services: {}\n" });
  const args = ["gw", ...PREFIX, "--yes", "--conflict", "theirs"];
  const { code, stdout } = await runHere(args, sandbox.cwd);
  expect(code).toBe(3);
  expect(stdout).toContain("docker compose reads your compose.yaml instead");
});

test("an old address that the owner uses: check names the way out", async () => {
  const made = await new Made().make();
  made.write("notes.txt", `${OLD}:ffff::1\n`);
  await made.regenerate(...TO);
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    "remove it from previousAnswers in .kong-ipv6.json",
  );
  const state = JSON.parse(made.read(".kong-ipv6.json"));
  made.write(
    ".kong-ipv6.json",
    JSON.stringify({ ...state, previousAnswers: [] }),
  );
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test.each([".env", "docker-compose.yml", FIREWALL])(
  "a directory in the place of %s",
  async (path) => {
    const made = await new Made().make();
    rmSync(made.path(path));
    mkdirSync(made.path(path));
    await expectBoth(made, /it is a directory/);
    expect((await made.run(["check"])).stdout).not.toContain("record them");
    rmSync(made.path(path), { recursive: true });
    await expectDone(made, "--conflict", "theirs");
  },
);

describe("a closing rule of the firewall", () => {
  test.each<[string, RegExp]>([
    ["every drop", /^.*\bdrop$\n/gm],
    ["the last drop", /^\t\tdrop\n/m],
    ["the drop of Kong", /^.*daddr \S+ drop\n/m],
    ["the hook", /^.*hook forward.*\n/m],
    ["the way into the chain", /^.*goto containers\n/m],
  ])("without %s", async (_, rule) => {
    const made = await new Made().make();
    made.edit(FIREWALL, (text) => text.replace(rule, ""));
    await expectBoth(made, /the rule "[^"]+" is missing/);
    await expectDone(made, "--conflict", "theirs");
    expect(made.read(FIREWALL)).toMatch(/^\t\tdrop\n/m);
  });

  test.each<[string, (text: string) => string]>([
    ["reject", (text) => text.replace(/\bdrop$/gm, "reject")],
    [
      "a log",
      (text) =>
        text.replace(/\bdrop$/gm, 'counter log prefix "out: " drop # mine'),
    ],
    ["another priority", (text) => text.replace("filter - 10", "-20")],
    ["jump", (text) => text.replace("goto containers", "jump containers")],
    ["upper case", (text) => text.replace(/(?<=daddr )\S+/g, upper)],
  ])("%s closes the same", async (_, change) => {
    const made = await new Made().make();
    made.edit(FIREWALL, change);
    await expectDone(made);
  });

  test("an own drop for some packets does not stand for the last one", async () => {
    const made = await new Made().make();
    made.edit(FIREWALL, (text) =>
      text.replace(/^\t\tdrop\n/m, "\t\ttcp dport 22 drop\n"),
    );
    await expectBoth(made, /the rule "drop" is missing/);
  });
});

const upper = (text: string): string => text.toUpperCase();

test.each([
  [NETPLAN, ["--host", "keep"]],
  ["host/etc/ndppd.conf", ["--delivery", "routed"]],
])(
  "an edited %s that is no longer generated: apply.sh would install it",
  async (path, args) => {
    const made = await new Made().make();
    made.edit(path, (text) => `${text}# mine\n`);
    const { code, stdout } = await made.regenerate(...args);
    expect(code, stdout).toBe(3);
    await expectBoth(made, /apply\.sh installs every file in host\//);
    made.edit(path, (text) => `${text}# again\n`);
    await expectBoth(made, /apply\.sh installs every file in host\//);
    await expectDone(made, "--conflict", "theirs");
    expect(existsSync(made.path(path))).toBe(false);
    await made.run(["undo"]);
    expect(made.read(path)).toContain("# again\n");
    rmSync(made.path(path));
    await expectDone(made);
  },
);

test("such a file: what would help is named, and nothing else", async () => {
  const made = await new Made().make();
  made.edit("host/etc/ndppd.conf", (text) => `${text}# mine\n`);
  const run = await made.regenerate("--delivery", "routed");
  for (const { stdout } of [run, await made.run(["check"])]) {
    expect(stdout).toMatch(
      /: delete it, or move it out of host\/\. This deletes it:\n {2}npx \S+ regenerate \S+ --conflict theirs\n/,
    );
    expect(stdout).not.toContain("take the generated text");
  }
});

test.each([COMPOSE, "scripts/plan.json", NETPLAN, FIREWALL])(
  "%s was deleted, but the server needs it",
  async (path) => {
    const made = await new Made().make();
    rmSync(made.path(path));
    expect(await made.regenerate()).toMatchObject({ code: 3 });
    await expectBoth(made, new RegExp(`${path}:? .*the server needs it`));
    await expectDone(made, "--conflict", "theirs");
    expect(existsSync(made.path(path))).toBe(true);
  },
);

test("files that were deleted are named, many of one directory together", async () => {
  const made = await new Made().make();
  renameSync(made.path("scripts"), made.path("mine"));
  rmSync(made.path("README.md"));
  await made.regenerate();
  await expectBoth(made, /scripts\/ \(\d+ files\)/);
  expect((await made.run(["check"])).stdout).toContain(
    "Deleted by you: README.md.\n",
  );
});

test.each([
  [NETPLAN, ["--host", "keep"], ["--host", `${OLD}::2`]],
  ["host/etc/ndppd.conf", ["--delivery", "routed"], ["--delivery", "on-link"]],
])(
  "%s, deleted while it is not generated, is generated again",
  async (path, away, back) => {
    for (const between of [[], [[]], [[], []]]) {
      const made = await new Made().make();
      made.edit(path, (text) => `${text}# mine\n`);
      await made.regenerate(...away);
      rmSync(made.path(path));
      for (const args of between) await expectDone(made, ...args);
      await expectDone(made, ...back);
      expect(made.read(path)).toContain(OLD);
    }
  },
);

test("one run can change the answers and delete such a file", async () => {
  const made = await new Made().make();
  made.edit("host/etc/ndppd.conf", (text) => `${text}# mine\n`);
  await expectDone(made, "--delivery", "routed", "--conflict", "theirs");
  expect(existsSync(made.path("host/etc/ndppd.conf"))).toBe(false);
});

test("an old address in a .new file that this run deletes is not listed", async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => text.replace("**Kong**", "**My Kong**"));
  const moved = [...TO, "--ipv4", "198.51.100.4"];
  expect(await made.regenerate(...moved)).toMatchObject({ code: 3 });
  const next = ["--prefix", "2a0e:1:2:3::/64", "--conflict", "theirs"];
  const { code, stdout } = await made.regenerate(...next);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain("README.md.new was deleted");
  expect(stdout).not.toContain("README.md.new:");
});

test("a port is named once", async () => {
  const made = await new Made().make("--ipv4", "none");
  const port = '      - "$KONG_BIND_IP:8001:8001"\n';
  made.edit("docker-compose.yml", (text) =>
    text.replace(/^ {4}ports:\n/m, `$&${port}${port}`),
  );
  const { stdout } = await made.run(["check"]);
  expect(stdout.match(/8001:8001/g)).toHaveLength(1);
});
