import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, REPOSITORY, script, state } from "./server.ts";

/** Scripts stopped by a signal or by a power cut, with ufw and the kernel's proxy. */

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("sid", { ndp: "kernel" });
  await lab.host.sh("ufw allow 22/tcp && ufw --force enable");
  before = await state(lab);
});
afterAll(() => lab?.close());

let cuts = 0;
const powerCut = async (name: string, seconds: number): Promise<void> => {
  const { host } = lab;
  await host.service(`cut${++cuts}`, [`${REPOSITORY}/scripts/${name}`]);
  await sleep(seconds * 1000);
  await host.powerCut();
  await host.powerOn();
};

const takenBack = async (): Promise<void> => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
};

// As Ctrl-C does: the signal goes to the script and all programs that it started.
test.each([
  ["INT", 1.5],
  ["TERM", 3],
  ["INT", 5],
])("apply.sh ended by SIG%s after %s s, then rollback.sh", async (...how) => {
  const [signal, seconds] = how;
  await lab.host.run(
    ["timeout", `--signal=${signal}`, String(seconds), "./scripts/apply.sh"],
    { cwd: REPOSITORY },
  );
  await takenBack();
});

test("the power is cut while apply.sh runs, then rollback.sh", async () => {
  await powerCut("apply.sh", 3);
  await takenBack();
});

test("the power is cut while apply.sh and rollback.sh run: the next run of each succeeds", async () => {
  await powerCut("apply.sh", 5);
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  await powerCut("rollback.sh", 1.5);
  await takenBack();
});
