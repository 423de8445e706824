import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { GENERATIONS } from "../e2e/lab/roots.ts";
import { example, examples, INSTALL, served, server } from "./server.ts";

/** Starts networkd, and waits at most two seconds for the default routes. */
const NETWORKD = ({ uplink, ipv4, ndp }: Plan) => [
  `netplan generate; sysctl -qw net.ipv6.conf.${uplink.sysctl}.accept_dad=0`,
  `install -d -o systemd-network /run/systemd/netif
/usr/lib/systemd/systemd-networkd >/tmp/networkd.log 2>&1 &
for try in {1..100}; do
  sleep 0.02
  [[ -n $(ip -6 route show default) ]] || continue
  [[ -n $(ip -4 route show default) ]] || ${!ipv4.netplan} || continue
  [[ -n $(ip neighbour show proxy) ]] || ${!ndp.kernel} || continue
  break
done`,
];

interface Address {
  local: string;
  prefixlen: number;
  scope: string;
  /** No new connection comes from it. */
  deprecated?: true;
}

interface Route {
  gateway: string;
  dev: string;
  flags: string[];
}

/** A host that is kept has no netplan file. */
const configured = examples.filter(({ plan }) => plan.host !== null);

describe.each(GENERATIONS)("systemd-networkd, %s", (generation) => {
  it.concurrent.each(configured)("$name", async ({ plan, ...rest }) => {
    const name = plan.uplink.name;
    const [, , , addresses, six, four, proxies, settings, log] = await served(
      generation,
      { plan, ...rest },
      {},
      [
        INSTALL,
        ...NETWORKD(plan),
        `ip -json address show dev ${name} scope global`,
        "ip -json -6 route show default",
        "ip -json -4 route show default",
        "ip -json neighbour show proxy",
        `sysctl -n net.ipv6.conf.${plan.uplink.sysctl}.accept_ra`,
        // Only networkd's messages about a file: these have a line number after the path.
        "grep -E '/(etc|run)/systemd/network/.*:[0-9]+:' /tmp/networkd.log || true",
      ],
    );
    const has = (JSON.parse(addresses!) as { addr_info: Address[] }[]).flatMap(
      ({ addr_info }) => addr_info.filter(({ local }) => local),
    );
    const ours = [plan.ipv4.netplan?.interface, plan.host?.interface];
    const old = plan.previous?.host?.interface;
    const texts = (all: readonly Address[]) =>
      all.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
    expect(texts(has.filter(({ deprecated }) => !deprecated))).toEqual(
      ours.filter(Boolean),
    );
    expect(texts(has.filter(({ deprecated }) => deprecated))).toEqual(
      old ? [old] : [],
    );
    const routes = JSON.parse(six!) as Route[];
    expect(routes).toMatchObject([
      { gateway: plan.gateway.address, dev: name },
    ]);
    expect(routes[0]!.flags).toEqual(plan.routes[0]!.onLink ? ["onlink"] : []);
    const gateway = plan.ipv4.netplan?.gateway;
    expect(JSON.parse(four! || "[]")).toMatchObject(
      gateway ? [{ gateway, dev: name }] : [],
    );
    expect(JSON.parse(proxies! || "[]")).toMatchObject(
      plan.ndp.kernel ? [{ dst: plan.kong.address, dev: name }] : [],
    );
    expect(settings).toBe("0\n");
    expect(log).toBe("");
  });

  it("refuses a broken copy", async () => {
    const kernel = example("kernel-ndp");
    const name = kernel.plan.uplink.name;
    const file = `host/etc/systemd/network/10-netplan-${name}.network.d/60-kong-ndp.conf`;
    const broken = { file, from: /Address=.*/, to: "Address=2001:db8::/64" };
    const ran = await server(generation, kernel, { broken }, [
      INSTALL,
      ...NETWORKD(kernel.plan),
      "ip neighbour show proxy",
      `grep '${file.replace("host", "")}:' /tmp/networkd.log`,
    ]);
    expect(ran[3]!.stdout).toBe("");
    expect(ran[4]!.stdout).toMatch(/2001:db8::\/64/);
  });
});

const SYSCTL = "/etc/sysctl.d/60-kong-ipv6.conf";

/** What udev runs for each interface that appears (99-systemd.rules). */
const UDEV_RULE = (name: string) =>
  `/usr/lib/systemd/systemd-sysctl --prefix=/net/ipv6/conf/${name} --prefix=/net/ipv6/neigh/${name}`;

function settings({ uplink, exposed, ndp }: Plan): Record<string, string> {
  return {
    "net.ipv6.conf.all.forwarding": "1",
    "net.ipv6.conf.default.forwarding": "1",
    "net.ipv4.ip_forward": "1",
    [`net.ipv6.conf.${exposed.bridge}.dad_transmits`]: "0",
    [`net.ipv6.conf.${exposed.bridge}.router_solicitation_delay`]: "0",
    ...(ndp.kernel && {
      "net.ipv6.conf.all.proxy_ndp": "1",
      [`net.ipv6.neigh.${uplink.sysctl}.proxy_delay`]: "0",
    }),
  };
}

describe.each(GENERATIONS)("sysctl, %s", (generation) => {
  it.concurrent.each(examples)("$name", async (example) => {
    const { name } = example.plan.uplink;
    const { bridge } = example.plan.exposed;
    const wanted = settings(example.plan);
    const keys = Object.keys(wanted);
    const all = Object.values(wanted).join("\n") + "\n";
    const reset = keys
      .map((key) => `sysctl -qw ${key}=${1 - Number(wanted[key])}`)
      .join("; ");
    const read = `sysctl -n ${keys.join(" ")}`;
    const ran = await server(generation, example, {}, [
      `${INSTALL}; ip link add ${bridge} type bridge`,
      // First as apply.sh does, then as the boot does.
      reset,
      `sysctl -p ${SYSCTL}`,
      read,
      reset,
      `/usr/lib/systemd/systemd-sysctl ${SYSCTL}`,
      read,
      // The uplink may appear after systemd-sysctl has run, and Docker's bridge always does: the boot must not fail, and
      // udev's rule must set the values of the interface.
      `ip link delete ${name}; ip link delete ${bridge}; /usr/lib/systemd/systemd-sysctl ${SYSCTL}`,
      `ip link add ${name} type veth; ${UDEV_RULE(name)}`,
      `ip link add ${bridge} type bridge; ${UDEV_RULE(bridge)}`,
      read,
    ]);
    expect(ran.map(({ code }) => code)).toEqual(ran.map(() => 0));
    const [, , applied, first, , , second, , , , third] = ran;
    expect(applied!.stdout).toBe(
      keys.map((key) => `${key} = ${wanted[key]}\n`).join(""),
    );
    for (const values of [first, second, third])
      expect(values).toMatchObject({ stdout: all, stderr: "" });
  });

  it("refuses a broken copy", async () => {
    const broken = {
      file: `host${SYSCTL}`,
      from: "all.forwarding",
      to: "all.forward",
    };
    const ran = await server(generation, example("recipe"), { broken }, [
      INSTALL,
      `sysctl -p ${SYSCTL}`,
      `/usr/lib/systemd/systemd-sysctl ${SYSCTL}`,
    ]);
    expect(ran[1]!.code).not.toBe(0);
    expect(ran[2]!.stderr).toMatch(/all\/forward/);
  });
});
