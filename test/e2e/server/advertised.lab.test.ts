import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { advertise } from "../detect/advertise.ts";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { KONG, openServer, PREFIX, script, state } from "./server.ts";

/** Servers whose default route comes from router advertisements. */

const netplan = (more = ""): string => `network:
  version: 2
  ethernets:
    ens3:
${more}      addresses: [203.0.113.10/24]
      routes: [{ to: default, via: 203.0.113.1 }]
`;

const reached = async ({ topology }: Lab): Promise<string | undefined> =>
  (await seenBy(topology.client, `http://[${KONG}]`))?.server;

const byAdvertisement = ({ host }: Lab): Promise<string> =>
  host.sh("ip -6 route show default proto ra");

const advertised = (lab: Lab): Promise<() => void> =>
  advertise(lab.topology.router, "down0", PREFIX);

const learnt = ({ host }: Lab): Promise<string> =>
  host.sh(
    "timeout 10 bash -c 'until ip -6 route show default proto ra | grep default; do sleep 0.1; done'",
  );

describe("handled by networkd", () => {
  let lab: Lab;
  let stop: (() => void) | undefined;
  beforeAll(async () => {
    lab = await openServer("trixie", {}, { netplan: netplan() });
    stop = await advertised(lab);
    await learnt(lab);
  });
  afterAll(async () => {
    stop?.();
    await lab?.close();
  });

  test("the route survives apply.sh and a reboot", async () => {
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("default route comes from router advertisements");
    await learnt(lab);
    expect(await reached(lab)).toBe(KONG);
    expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
    await lab.host.reboot();
    await learnt(lab);
    await expect.poll(() => reached(lab), { timeout: 20_000 }).toBe(KONG);
    expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  });

  test("the route survives rollback.sh", async () => {
    expect(await script(lab, "rollback.sh")).toMatchObject({
      code: 0,
      stderr: "",
    });
    await learnt(lab);
  });
});

describe("handled by the kernel", () => {
  let lab: Lab;
  let before: string;
  beforeAll(async () => {
    lab = await openServer(
      "trixie",
      {},
      { netplan: netplan("      accept-ra: false\n") },
    );
    // No daemon manages the uplink, as with ifupdown.
    await lab.host.sh(`
      systemctl stop systemd-networkd.socket systemd-networkd; systemctl mask systemd-networkd
      rm /etc/netplan/*.yaml
      ip addr add 2001:db8:1:2::2/64 dev ens3 nodad
      sysctl -qw net.ipv6.conf.ens3.accept_ra=1`);
    const stop = await advertised(lab);
    await learnt(lab);
    // A real router may send the next advertisement only minutes later.
    stop();
    before = await state(lab);
  });
  afterAll(() => lab?.close());

  test("turning forwarding on does not remove the route", async () => {
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("netplan doesn't manage ens3");
    expect(await byAdvertisement(lab)).toContain("default via fe80::");
    expect(await reached(lab)).toBe(KONG);
  });

  test("rollback.sh restores the original state", async () => {
    const { code, stderr } = await script(lab, "rollback.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(withoutTimes(await state(lab))).toBe(withoutTimes(before));
  });
});

/** Removes the remaining lifetimes, which change with time. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/ expires \d+sec/g, "");
