import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { styleFor } from "../../src/base/colors.ts";
import { UNKNOWN } from "../../src/probe/expectations.ts";
import type { Probe } from "../../src/probe/probe.ts";
import { probeText } from "../../src/report/probe-text.ts";
import { runIn } from "../support/in-process.ts";
import { Sandbox } from "../support/run.ts";

// What is told where a command for one server would damage a fleet.

const FLEET = `domain: gateway.example.com
controlPlane: web-1
hosts:
  web-1:
    prefix: 2a03:2222:3333:4444::/64
  web-2:
    prefix: 2a04:2222:3333:4400::/56
    delivery: routed
`;

async function made(...flags: string[]): Promise<Sandbox> {
  const sandbox = new Sandbox({ "fleet.yml": FLEET });
  await runIn(sandbox, ["f", "--answers", "fleet.yml", ...flags]);
  return sandbox;
}

test("fleet.yml is missing: it is named, and no command that makes one server", async () => {
  const sandbox = await made("--git");
  renameSync(sandbox.path("f/fleet.yml"), sandbox.path("f/f"));
  for (const command of ["check", "regenerate"]) {
    const { code, stderr } = await runIn(sandbox, [command, "f"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("its fleet.yml is missing. Take that from "),
    ]);
    expect(stderr).toContain("git -C f checkout HEAD fleet.yml");
    expect(stderr).not.toContain("--conflict keep");
  }
  // The hosts' states say what they need.
  const { stdout } = await runIn(sandbox, ["undo", "f"]);
  expect(stdout).toContain("! fleet.yml  (edited since)");
});

test("without git, a backup is named", async () => {
  const sandbox = await made();
  const state = sandbox.path("f/hosts/web-2/.kong-ipv6.json");
  renameSync(state, sandbox.path("state"));
  const host = await runIn(sandbox, ["check", "f"]);
  renameSync(sandbox.path("state"), state);
  rmSync(sandbox.path("f/fleet.yml"));
  const whole = await runIn(sandbox, ["check", "f"]);
  for (const { stderr } of [host, whole])
    expect(stderr).toMatch(/ is missing\. Take that from a backup\.\n$/);
});

test("a host's directory is missing: the ways out are named, and the second works", async () => {
  const sandbox = await made();
  rmSync(sandbox.path("f/hosts/web-2"), { recursive: true });
  for (const command of ["check", "regenerate", "undo", "probe"]) {
    const { code, stderr } = await runIn(sandbox, [command, "f"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /Take it from a backup\.\n.*take web-2 out of fleet\.yml, run this/,
      ),
    ]);
    expect(stderr).toMatch(/ regenerate f\n$/);
  }
  writeFileSync(
    sandbox.path("f/fleet.yml"),
    FLEET.replace(/ {2}web-2:[^]*/, ""),
  );
  expect((await runIn(sandbox, ["regenerate", "f"])).code).toBe(0);
  writeFileSync(sandbox.path("f/fleet.yml"), FLEET);
  expect((await runIn(sandbox, ["regenerate", "f"])).code).toBe(0);
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(0);
});

test.each([
  ["missing", undefined],
  ["broken", "{}"],
])("a host's state is %s: create is not named", async (_, text) => {
  const sandbox = await made("--git");
  const path = "f/hosts/web-2/.kong-ipv6.json";
  if (text === undefined) rmSync(sandbox.path(path));
  else writeFileSync(sandbox.path(path), text);
  const { code, stderr } = await runIn(sandbox, ["check", "f"]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(
      /git -C f\/hosts\/web-2 checkout HEAD \.kong-ipv6\.json\n$/,
    ),
  ]);
});

/** A fleet whose second host moves. */
async function inOverlap(): Promise<Sandbox> {
  const sandbox = await made();
  writeFileSync(sandbox.path("f/fleet.yml"), FLEET.replace("4400", "5500"));
  await runIn(sandbox, ["regenerate", "f", "--overlap"]);
  return sandbox;
}

test("an overlap ends on the fleet: every command that is named says so", async () => {
  const sandbox = await inOverlap();
  for (const argv of [
    ["check", "f"],
    ["check", "f/hosts/web-2"],
    ["regenerate", "f/hosts/web-2", "--finish"],
  ]) {
    const { stdout, stderr } = await runIn(sandbox, argv);
    expect(stdout + stderr).toMatch(/ regenerate f --finish$/m);
    expect(stdout + stderr).not.toContain("hosts/web-2 --finish");
  }
  writeFileSync(sandbox.path("f/fleet.yml"), FLEET.replace("4400", "6600"));
  const { code, stderr } = await runIn(sandbox, ["regenerate", "f"]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(
      /Put the present addresses back into fleet\.yml, and .*\n.* regenerate f --finish$/m,
    ),
  ]);
});

test("probe of a host names the fleet", async () => {
  const sandbox = await made();
  const unknown = { address: UNKNOWN, port: 80, expected: "answers", ok: null };
  const probe = {
    ok: null,
    from: { addresses: [], meaning: "" },
    dns: [],
    results: [unknown],
    certificates: [],
    oldIsDead: true,
  } as unknown as Probe;
  const text = probeText(
    probe,
    sandbox.path("f/hosts/web-2"),
    styleFor(false, false),
  );
  expect(text).toMatch(/Add ipv4: ADDRESS .*\n.* regenerate \S*f$/m);
  expect(text).toMatch(/ regenerate \S*f --finish$/m);
});

test("a host alone takes no answers, and still records edits", async () => {
  const sandbox = await made();
  const before = sandbox.tree();
  for (const flags of [
    ["--domain", "a.example", "--overlap"],
    ["--overlap"],
    ["--answers", "fleet.yml"],
  ]) {
    const { code, stderr, tree } = await runIn(sandbox, [
      "regenerate",
      "f/hosts/web-2",
      ...flags,
    ]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("this is a host of a fleet"),
    ]);
    expect(tree).toEqual(before);
  }
  appendFileSync(sandbox.path("f/hosts/web-2/README.md"), "mine\n");
  expect((await runIn(sandbox, ["regenerate", "f/hosts/web-2"])).code).toBe(0);
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(0);
});
