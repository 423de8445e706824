import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import type { Ran } from "../lab/run.ts";
import { HOST, KONG, openServer, REPOSITORY, script, state } from "./server.ts";

/** Something on the server is lost after apply.sh: verify.sh reports it, and apply.sh repairs it. */

const DAEMON = "/etc/docker/daemon.json";

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("sid", { ndp: "kernel", firewall: "nftables" });
  before = await state(lab);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
});
afterAll(() => lab?.close());

/** Runs a script as an owner with this umask does. */
const with077 = (name: string): Promise<Ran> =>
  lab.host.run(["bash", "-c", `umask 077; exec ./scripts/${name}`], {
    cwd: REPOSITORY,
    timeoutMs: 240_000,
  });

// In pairs that neither hide nor repair each other.
test.each([
  [
    `ip -6 addr del ${HOST}/64 dev ens3; docker network disconnect ipv6_exposed kong-ipv6-kong-1`,
    ["uplink", "address"],
    [
      `netplan     ens3 does not have the address ${HOST}`,
      "compose     Kong is not connected to a network",
    ],
  ],
  [
    "ip -6 route del default; docker pause kong-ipv6-kong-1",
    ["uplink", "kong"],
    [
      "netplan     there is no IPv6 default route",
      "compose     the services will be started",
    ],
  ],
  [
    `ip -6 neigh del proxy ${KONG} dev ens3; nft flush table inet kong_ipv6`,
    ["ndp", "firewall"],
    [
      "ndp         networkd will let the kernel answer",
      "firewall    the table inet kong_ipv6",
    ],
  ],
  [
    "sysctl -qw net.ipv6.conf.ens3.forwarding=0",
    ["forwarding"],
    ["sysctl      net.ipv6.conf.ens3.forwarding 0 → 1"],
  ],
])('apply.sh repairs the damage of "%s"', async (damage, seen, plan) => {
  await lab.host.sh(damage);
  const verified = await script(lab, "verify.sh");
  expect(verified.code).toBe(1);
  for (const check of seen)
    expect(verified.stdout).toMatch(new RegExp(`^ *fail +${check} `, "m"));
  const dry = await script(lab, "apply.sh --dry-run");
  for (const line of plan) expect(dry.stdout).toContain(line);
  expect(dry.code).toBe(4);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  const answer = await seenBy(lab.topology.client, `http://[${KONG}]`);
  expect(answer).toMatchObject({ server: KONG });
});

test("a second run changes nothing", async () => {
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toBe("Nothing to change.\n");
});

test("with umask 077 networkd can still read netplan's files, and the server keeps its IPv4", async () => {
  await lab.host.sh(`ip -6 addr del ${HOST}/64 dev ens3`);
  const { code, stdout, stderr } = await with077("apply.sh");
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
});

test("verify.sh understands a daemon.json on a single line", async () => {
  const path = `${REPOSITORY}/host${DAEMON}`;
  await lab.host.sh(
    `python3 -c 'import json; p = "${path}"; d = json.load(open(p)); json.dump({**d, "live-restore": True}, open(p, "w"))'`,
  );
  const { code, stdout } = await script(lab, "verify.sh");
  expect(stdout).toMatch(
    /ok +daemon +daemon.json is in effect: docker0 has fd/,
  );
  expect(code).toBe(0);
  expect((await script(lab, "apply.sh")).code).toBe(0);
});

test("a .env that is a symbolic link gets mode 600", async () => {
  await lab.host.sh(
    "mv .env /root/gateway.env; ln -s /root/gateway.env .env; chmod 644 /root/gateway.env",
    { cwd: REPOSITORY },
  );
  const { stdout } = await script(lab, "apply.sh");
  expect(stdout).toMatch(/ok +\.env +mode 600/);
  expect(await lab.host.sh("stat -c %a /root/gateway.env")).toBe("600\n");
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toBe("Nothing to change.\n");
});

test("the owner's own file in host/etc/sysctl.d takes effect at once", async () => {
  const { host } = lab;
  const keys = "net.ipv4.ip_local_port_range net.ipv4.tcp_syn_retries";
  const had = await host.sh(`sysctl -n ${keys}`);
  await host.write(
    `${REPOSITORY}/host/etc/sysctl.d/99-mine.conf`,
    "# mine\nnet/ipv4/ip_local_port_range=20000 30000\n-net.ipv4.tcp_syn_retries = 3\nnet.nowhere = 1\n",
  );
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toMatch(
    /sysctl +net\.ipv4\.ip_local_port_range \d+ \d+ → 20000 30000\n/,
  );
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  expect(await host.sh(`sysctl -n ${keys}`)).toBe("20000\t30000\n3\n");
  const again = await script(lab, "apply.sh --dry-run");
  expect(again.stdout).not.toContain("→");
  expect(again.code).toBe(0);
  expect(had).not.toContain("20000");
});

test("the scripts find the program when called through a symbolic link", async () => {
  const { host } = lab;
  const link = "/usr/local/sbin/kong";
  for (const name of ["apply", "verify", "rollback", "network", "ufw"]) {
    await host.sh(`ln -sf ${REPOSITORY}/scripts/${name}.sh ${link}`);
    const { code, stdout, stderr } = await host.run([link, "--help"]);
    expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: "" });
    expect(stdout).toContain(`usage: sudo ./scripts/${name}.sh`);
  }
});

test("without python3 apply.sh says so, and does not blame the files in /etc/netplan", async () => {
  await lab.host.sh("mv /usr/bin/python3 /usr/bin/not-python3");
  const { code, stderr } = await script(lab, "apply.sh --dry-run");
  await lab.host.sh("mv /usr/bin/not-python3 /usr/bin/python3");
  expect(stderr).toContain("apply.sh: python3 is not installed");
  expect(stderr).toContain("Remedy: apt-get install python3");
  expect(stderr).not.toContain("can't be read");
  expect(code).toBe(1);
});

test("with live-restore docker0 does not change, and verify.sh prints a remedy that works", async () => {
  const { host } = lab;
  // live-restore is on since the test of the single-line daemon.json.
  await host.sh(`sed -i 's/"fd[0-9a-f]*:/"fd99:/' ${REPOSITORY}/host${DAEMON}`);
  const { code, stdout } = await script(lab, "apply.sh");
  expect(stdout).toContain("note    docker      live-restore");
  const [, remedy] = /docker0 does not have fd99.*\n +Remedy: (.*)\n/.exec(
    stdout,
  ) as unknown as [string, string];
  expect(code).toBe(1);
  await host.sh(remedy);
  // Kong may start before its database answers; then Docker starts it again.
  await expect
    .poll(() => script(lab, "verify.sh"), { timeout: 30_000 })
    .toMatchObject({ code: 0 });
});

test("rollback.sh with umask 077 restores the original state", async () => {
  const { code, stderr } = await with077("rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
  expect(await lab.host.sh("sysctl -n net.ipv4.tcp_syn_retries")).not.toBe(
    "3\n",
  );
});
