import { renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { Sandbox } from "../support/run.ts";

// What is lost of a fleet, and what is told then.

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
