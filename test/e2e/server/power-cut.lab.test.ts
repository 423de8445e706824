import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, script, state, underWay } from "./server.ts";

/** Scripts stopped by a signal or by a power cut, with ufw and the kernel's proxy. */

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("sid", { ndp: "kernel" });
  await lab.host.sh("ufw allow 22/tcp && ufw --force enable");
  before = await state(lab);
});
afterAll(() => lab?.close());

/** What was there before the script stays; of what the script wrote, what it synced. */
async function powerCut(name: string, moment: string): Promise<void> {
  const { host } = lab;
  await host.sh("sync --file-system /");
  const { unit } = await underWay(lab, name, moment);
  await host.sh(`sleep 0.1; systemctl is-active ${unit}`);
  await host.powerCut();
  await host.powerOn();
}

const takenBack = async (): Promise<void> => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
};

// As Ctrl-C does: the signal goes to the script and all programs that it started.
test.each([
  // Until a child of its own has ended, bash may miss SIGINT: where it waits for Docker, it has a trap.
  ["TERM", "^Applying the changes"],
  ["TERM", "ok +netplan"],
  ["INT", "ok +image"],
])("apply.sh ended by SIG%s at /%s/, then rollback.sh", async (...how) => {
  const [signal, moment] = how;
  const { unit, printed } = await underWay(lab, "apply.sh", moment);
  await lab.host.sh(`
    systemctl kill --signal=${signal} ${unit}
    while systemctl is-active --quiet ${unit}; do sleep 0.02; done`);
  expect(await printed()).toContain("\nStopped at: ");
  await takenBack();
});

test.each(["ok +file", "ok +docker", "ok +image"])(
  "the power is cut while apply.sh runs, at /%s/, then rollback.sh",
  async (moment) => {
    await powerCut("apply.sh", moment);
    await takenBack();
  },
);

test("the power is cut while apply.sh and rollback.sh run: the next run of each succeeds", async () => {
  await powerCut("apply.sh", "ok +network");
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  await powerCut("rollback.sh", "ok +netplan");
  await takenBack();
});
