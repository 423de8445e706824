import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, script, state, underWay } from "./server.ts";

/** Scripts killed at any moment: the next run must bring the server to a complete state. */

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("trixie");
  before = await state(lab);
});
afterAll(() => lab?.close());

/** Kills a script, with all that it has started, some seconds after its output matched. */
async function killed(
  name: string,
  moment: string,
  seconds = 0.2,
): Promise<void> {
  const { unit, printed } = await underWay(lab, name, moment);
  const result = await lab.host.sh(`
    sleep ${seconds}
    systemctl kill --signal=KILL ${unit} || :
    while systemctl is-active --quiet ${unit}; do sleep 0.02; done
    systemctl show --property=Result --value ${unit}`);
  expect(result, await printed()).toBe("signal\n");
}

// Each is a moment of its own: before the first change, among the files, within a restart, an image, a service.
test.each([
  ["^Planned changes", 0],
  ["^Applying the changes", 0.2],
  ["ok +file +/etc/ndppd.conf", 0],
  ["ok +file +.*nftables", 0.2],
  ["ok +firewall", 0.1],
  ["ok +ufw", 0.3],
  ["ok +ndp", 0.3],
  ["ok +network", 0.2],
  ["ok +image", 0.5],
])("apply.sh killed at /%s/ + %s s, then rollback.sh", async (...when) => {
  await killed("apply.sh", ...when);
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
});

test("apply.sh succeeds after it was killed several times; so does rollback.sh", async () => {
  // Only changes that no earlier of these runs can have completed: a run prints a row for what it changes.
  for (const [moment, seconds] of [
    ["^Applying the changes", 0],
    ["ok +firewall", 0],
    ["ok +docker", 0.2],
    ["[.]{3} +image", 0.5],
  ] as const)
    await killed("apply.sh", moment, seconds);
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  for (const moment of ["ok +compose", "ok +docker", "ok +ufw"])
    await killed("rollback.sh", moment, 0);
  const last = await script(lab, "rollback.sh");
  expect({ code: last.code, stderr: last.stderr }).toEqual({
    code: 0,
    stderr: "",
  });
  expect(await state(lab)).toBe(before);
});
