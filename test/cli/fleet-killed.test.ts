import { cpSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { changesOf, cutOffs, runKilled } from "../support/kill.ts";
import { redacted, Sandbox, snapshot } from "../support/run.ts";

const FLEET = `controlPlane: a
hosts:
  a: {prefix: "2a03:2222:3333:4444::/64", ssh: root@192.0.2.1}
  b: {prefix: "2a04:2222:3333:4444::/64", ssh: root@192.0.2.2}
  c: {prefix: "2a05:2222:3333:4444::/64", ssh: root@192.0.2.3}
`;

/** A change of all hosts, a host less, and one with another name. */
const CHANGED = FLEET.replace(
  "controlPlane",
  "domain: gw.example.com\ncontrolPlane",
)
  .replace(/ {2}b: .*\n/, "")
  .replace("c:", "d:");

const look = (sandbox: Sandbox): unknown =>
  redacted(snapshot(sandbox.path("f"), [".kong-ipv6.undo"]));

test("killed at any point of the write: all hosts are as before or as after, and the next run completes it", async () => {
  const made = new Sandbox({ "fleet.yml": FLEET });
  await runIn(made, ["f", "--answers", "fleet.yml"]);
  writeFileSync(made.path("f/fleet.yml"), CHANGED);
  const before = look(made);
  const copied = (): Sandbox => {
    const copy = new Sandbox();
    cpSync(made.path("f"), copy.path("f"), { recursive: true });
    return copy;
  };
  const whole = copied();
  const changes = changesOf(await runKilled(whole, ["regenerate", "f"]));
  const after = look(whole);
  expect(after).not.toEqual(before);

  const points = Array.from({ length: 12 }, (_, part) =>
    Math.max(1, Math.floor((part * changes) / 11)),
  );
  const cut = await cutOffs(copied(), ["regenerate", "f"], points);
  expect(cut.size).toBe(12);
  for (const [at, sandbox] of cut) {
    const undone = new Sandbox();
    cpSync(sandbox.path("f"), undone.path("f"), { recursive: true });
    // At the end the write is complete, and undone as such.
    const { code } = await runIn(undone, ["undo", "f"]);
    if (code === 0) expect([at, look(undone)]).toEqual([at, before]);
    expect([at, (await runIn(sandbox, ["regenerate", "f"])).code]).toEqual([
      at,
      0,
    ]);
    expect([at, look(sandbox)]).toEqual([at, after]);
  }
});
