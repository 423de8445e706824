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

describe("taken by networkd", () => {
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

  test("stays, over apply.sh and a boot", async () => {
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

  test("and over rollback.sh", async () => {
    expect(await script(lab, "rollback.sh")).toMatchObject({
      code: 0,
      stderr: "",
    });
    await learnt(lab);
  });
});

describe("taken by the kernel", () => {
  let lab: Lab;
  let before: string;
  beforeAll(async () => {
    lab = await openServer(
      "trixie",
      {},
      { netplan: netplan("      accept-ra: false\n") },
    );
    // Nobody looks after the uplink, as with ifupdown.
    await lab.host.sh(`
      systemctl stop systemd-networkd.socket systemd-networkd; systemctl mask systemd-networkd
      rm /etc/netplan/*.yaml
      ip addr add 2001:db8:1:2::2/64 dev ens3 nodad
      sysctl -qw net.ipv6.conf.ens3.accept_ra=1`);
    const stop = await advertised(lab);
    await learnt(lab);
    // The next one may be minutes away.
    stop();
    before = await state(lab);
  });
  afterAll(() => lab?.close());

  test("forwarding threw the route away before the kernel was told to keep it", async () => {
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("it doesn't manage ens3");
    expect(await byAdvertisement(lab)).toContain("default via fe80::");
    expect(await reached(lab)).toBe(KONG);
  });

  test("rollback.sh: all as it was", async () => {
    const { code, stderr } = await script(lab, "rollback.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(withoutTimes(await state(lab))).toBe(withoutTimes(before));
  });
});

/** How long an advertisement counts passes. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/ expires \d+sec/g, "");
