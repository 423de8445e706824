import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { reverted, SLACK, UNIT } from "./revert.ts";
import { openServer, REPOSITORY, script, state, underWay } from "./server.ts";

/** apply.sh --confirm-within: what isn't confirmed is reverted by the server itself, whatever becomes of apply.sh. */

const HOOKS = `${REPOSITORY}/scripts/hooks`;

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("trixie");
  before = await state(lab);
});
afterAll(() => lab?.close());

const hook = (name: string, line: string) =>
  lab.host.write(`${HOOKS}/${name}`, `#!/bin/sh\n${line}\n`, "755");

const noHooks = () => lab.host.sh(`rm -rf ${HOOKS}`);

const etc = async () =>
  [...(await lab.host.snapshot("/etc"))].map((entry) => entry.join(" "));

/** What the units said, for a failed test. */
const log = () => lab.host.sh(`journalctl --no-pager --unit=${UNIT}.service`);

/** A killed script starts nothing any more, but what it started goes on. */
async function killed(moment: string, within: number): Promise<void> {
  const arguments_ = `apply.sh --confirm-within ${within}`;
  const { unit } = await underWay(lab, arguments_, moment);
  await lab.host.sh(`systemctl kill --signal=KILL --kill-whom=all ${unit}`);
}

test("a first change that isn't confirmed: the server is as before", async () => {
  const { code, stderr, stdout } = await script(
    lab,
    "apply.sh --confirm-within 60",
  );
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  const again = await script(lab, "apply.sh");
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("is not confirmed yet");
  // A new time of day doesn't matter to this timer. (A host of the lab can't set the machine's clock.)
  const timer = await lab.host.sh(
    `systemctl show --property=TimersCalendar,TimersMonotonic ${UNIT}.timer`,
  );
  expect(timer).toMatch(/^TimersMonotonic=\{ OnStartupUSec=/);
  expect(timer).not.toContain("OnCalendar");
  expect(await reverted(lab), await log()).toBeLessThan(60 + SLACK);
  expect(await state(lab)).toBe(before);
});

test("a step that hangs is ended when the time is up", async () => {
  await hook("before-apply", "sleep 1000");
  const { code, stdout } = await script(
    lab,
    "apply.sh --confirm-within 5 --json",
  );
  await noHooks();
  expect(code, stdout).toBe(1);
  expect(stdout).toContain('{"outcome": "reverted", "code": 1}');
  expect(await reverted(lab), await log()).toBeLessThan(5 + SLACK);
  expect(await state(lab)).toBe(before);
});

test.each(["ok +timer", "ok +ndp", "ok +network"])(
  "apply.sh is killed at /%s/: the server is as before",
  async (moment) => {
    await killed(moment, 20);
    expect(await reverted(lab), await log()).toBeLessThan(20 + SLACK);
    expect(await state(lab)).toBe(before);
  },
);

test("a confirmed change stays, and only a later one is reverted", async () => {
  await script(lab, "apply.sh --confirm-within 90");
  const { code, stderr } = await script(lab, "apply.sh --confirm");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const applied = await etc();
  // The image takes longer to build than there is time to confirm: that is done first.
  await lab.host.sh(`
    echo 'RUN sleep 41' >>${REPOSITORY}/kong-build/Dockerfile
    echo net.ipv4.tcp_mtu_probing = 1 >${REPOSITORY}/host/etc/sysctl.d/70-mine.conf`);
  const later = await script(lab, "apply.sh --confirm-within 40");
  expect({ code: later.code, stderr: later.stderr }, later.stdout).toEqual({
    code: 0,
    stderr: "",
  });
  expect(await lab.host.sh("sysctl -n net.ipv4.tcp_mtu_probing")).toBe("1\n");
  expect(await reverted(lab), await log()).toBeLessThan(40 + SLACK);
  expect(await etc()).toEqual(applied);
  expect(await lab.host.sh("sysctl -n net.ipv4.tcp_mtu_probing")).toBe("0\n");
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
});

test("a hook that cuts ssh, and its counterpart", async () => {
  const table =
    "table inet cut { chain in { type filter hook input priority 0; tcp dport 22 drop; }; }";
  await hook("after-apply", `nft '${table}'`);
  await hook("before-rollback", "nft delete table inet cut");
  const { stdout } = await script(lab, "apply.sh --confirm-within 20");
  expect(await lab.host.sh("nft list tables"), stdout).toContain("cut");
  expect(await reverted(lab), await log()).toBeLessThan(20 + SLACK);
  expect(await lab.host.sh("nft list tables")).not.toContain("cut");
  expect(await lab.host.sh(`ls ${REPOSITORY}/scripts`)).not.toContain("after");
});

test("a reboot before the confirmation reverts, too", async () => {
  const applied = await etc();
  const file = "/etc/sysctl.d/70-mine.conf";
  await lab.host.write(
    `${REPOSITORY}/host${file}`,
    "net.ipv4.tcp_mtu_probing = 1\n",
  );
  await script(lab, "apply.sh --confirm-within 600");
  expect(await lab.host.read(file)).toContain("tcp_mtu_probing");
  await lab.host.reboot();
  await reverted(lab);
  expect(await etc(), await log()).toEqual(applied);
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
});

test("rollback.sh leaves nothing of it", async () => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await etc()).toEqual(
    before.split("\n").filter((line) => line.startsWith("/etc")),
  );
});
