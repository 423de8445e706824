import { afterAll, beforeAll, expect, test } from "vitest";
import { advertise } from "../detect/advertise.ts";
import type { Lab } from "../lab/lab.ts";
import { HOST, openServer, PREFIX, script } from "./server.ts";

/** The owner configured the uplink without netplan, and has a netplan file that is not applied yet. */

const LATER = `network:
  version: 2
  bridges:
    lan0: { addresses: [192.0.2.1/24] }
`;

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie");
  const { host, topology } = lab;
  await host.sh(`
    rm /etc/netplan/*.yaml; netplan generate; networkctl reload
    ip addr flush dev ens3 scope global
    ip addr add 203.0.113.10/24 dev ens3; ip route replace default via 203.0.113.1
    ip addr add ${HOST}/64 dev ens3 nodad
    sysctl -qw net.ipv6.conf.ens3.accept_ra=1`);
  const stop = await advertise(topology.router, "down0", PREFIX);
  await host.sh(
    "timeout 10 bash -c 'until ip -6 route show default proto ra | grep default; do sleep 0.1; done'",
  );
  stop();
  // The kernel keeps this route until forwarding is turned on.
  await host.sh("sysctl -qw net.ipv6.conf.ens3.accept_ra=0");
  await host.write("/etc/netplan/70-later.yaml", LATER, "600");
});
afterAll(() => lab?.close());

test("if forwarding removes a route, it is restored without applying the owner's unfinished netplan files", async () => {
  const { host } = lab;
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect(stdout).toContain("netplan doesn't manage ens3");
  expect(stderr).toMatch(/turning forwarding on removed default via fe80::/);
  expect(code).toBe(1);
  expect(await host.sh("ip -6 route show default")).toContain("via fe80::");
  expect(await host.sh("cat /proc/sys/net/ipv6/conf/all/forwarding")).toBe(
    "0\n",
  );
  expect(await host.sh("ip -o link show type bridge")).not.toContain("lan0");
});
