import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { advertise } from "../detect/advertise.ts";
import type { Namespace } from "../lab/namespace.ts";
import { type Cell, HOST, HOST4, PREFIX, type Unlike } from "./cells.ts";

/**
 * What providers deliver besides a /64 on-link with fe80::1 (docs/providers.md). Each kind is on two engines, with and
 * without ufw.
 */

const ROUTED = { delivery: "routed", ndp: "none" } as const;
/** The server's link, outside of a routed prefix. */
const OUTSIDE = { link: "2001:db8:9::/64", host: "2001:db8:9::2" };

const OFF_SUBNET: Unlike = {
  words: "a gateway outside of the server's subnet",
  topology: { gateway: "2001:db8:ff::1" },
  answers: { gateway: "2001:db8:ff::1" },
};

/** The server's address and default route come by SLAAC, and stay. */
const ADVERTISED: Unlike = {
  words: "router advertisements, --host keep",
  answers: { host: "keep" },
  netplan: `network:
  version: 2
  ethernets:
    ens3:
      addresses: [${HOST4}/24]
      routes: [{ to: default, via: 203.0.113.1 }]
`,
  provider: (router) => advertise(router, "down0", PREFIX),
};

const HOST_OUTSIDE: Unlike = {
  words: "a routed prefix, the server's address outside",
  topology: { delivery: "routed" },
  answers: { ...ROUTED, host: OUTSIDE.host },
  provider: (router) => routes(router, `${OUTSIDE.link} dev down0`),
};

/** 16 addresses of a shared /64. */
const SIXTEEN: Unlike = {
  words: "a /124 on-link",
  topology: { gateway: "2001:db8:1:2::1" },
  answers: {
    prefix: "2001:db8:1:2::1000/124",
    host: "2001:db8:1:2::1001/64",
    gateway: "2001:db8:1:2::1",
    kong: "2001:db8:1:2::100c",
  },
};

const TUNNEL_FILE = "/usr/local/sbin/tunnel";

/** IPv6 comes through a tunnel, IPv4 by ens3. */
const tunnel = (
  words: string,
  answers: object,
  netplan: string,
  post = "",
): Unlike => ({
  words: `a tunnel without a gateway, IPv4 on ens3${words}`,
  topology: { delivery: "routed" },
  answers: { ...ROUTED, interface: "tun0", gateway: "none", ...answers },
  netplan: `network:
  version: 2
  ethernets:
    ens3:
      accept-ra: false
      addresses: [${HOST4}/24]
      routes: [{ to: default, via: 203.0.113.1 }]
${netplan}`,
  files: async () => ({
    [TUNNEL_FILE]: await readFile(TUNNEL, "utf8"),
    "/etc/systemd/system/tunnel.service": `[Unit]
DefaultDependencies=no
Before=systemd-networkd.service
[Service]
ExecStart=/usr/bin/python3 ${TUNNEL_FILE} tun0 203.0.113.1
ExecStartPost=/bin/sh -c 'until ip link set tun0 up mtu 1400; do sleep 0.1; done${post}'
`,
    "/etc/systemd/system/sysinit.target.d/tunnel.conf":
      "[Unit]\nWants=tunnel.service\n",
  }),
  provider: tunnelEnd,
});

const TUNNEL = new URL("../lab/host-files/tunnel.py", import.meta.url);

const TUNNEL_STATIC = tunnel(
  "",
  { host: OUTSIDE.host },
  "    tun0: { accept-ra: false }\n",
);
const TUNNEL_KEPT = tunnel(
  ", --host keep",
  { host: "keep" },
  "",
  `; ip address add ${OUTSIDE.host}/64 dev tun0; ip -6 route add default dev tun0`,
);

/** As on a server with Proxmox or libvirt; the bridge of the machines has the same /64. */
const bridge = (words: string, answers: object, route = ""): Unlike => ({
  words: `uplink br0 beside a bridge of virtual machines with the same /64${words}`,
  topology: { delivery: "routed" },
  answers: { ...ROUTED, interface: "br0", ...answers },
  netplan: `network:
  version: 2
  ethernets:
    ens3: { accept-ra: false }
  bridges:
    br0:
      interfaces: [ens3]
      macaddress: "52:54:00:6b:6f:6e"
      parameters: { stp: false, forward-delay: 0 }
      accept-ra: false
      addresses: [${HOST4}/24, "${HOST}/128"]
      routes: [{ to: default, via: 203.0.113.1 }${route}]
    vmbr0:
      optional: true
      ignore-carrier: true
      accept-ra: false
      addresses: ["${HOST}/64"]
`,
});
const BRIDGE = bridge("", {});
const BRIDGE_KEPT = bridge(
  ", --host keep",
  { host: "keep", gateway: "fe80::1" },
  ', { to: "::/0", via: "fe80::1" }',
);

const cell = (
  generation: Cell["generation"],
  firewall: "ufw" | "bare",
  ndp: Cell["ndp"],
  unlike: Unlike,
): Cell => ({
  generation,
  ufw: firewall === "ufw",
  ndp,
  life: false,
  exposes: false,
  unlike,
});

export const DELIVERIES: readonly Cell[] = [
  cell("bookworm", "bare", "ndppd", OFF_SUBNET),
  cell("sid", "ufw", "kernel", OFF_SUBNET),
  cell("bookworm", "ufw", "ndppd", ADVERTISED),
  cell("trixie", "bare", "kernel", ADVERTISED),
  cell("trixie", "ufw", "none", HOST_OUTSIDE),
  cell("sid", "bare", "none", HOST_OUTSIDE),
  cell("trixie", "bare", "ndppd", SIXTEEN),
  cell("sid", "ufw", "kernel", SIXTEEN),
  cell("bookworm", "bare", "none", TUNNEL_STATIC),
  cell("trixie", "ufw", "none", TUNNEL_KEPT),
  cell("bookworm", "ufw", "none", BRIDGE),
  cell("sid", "bare", "none", BRIDGE_KEPT),
];

async function routes(
  router: Namespace,
  ...lines: string[]
): Promise<() => void> {
  await router.ip(lines.map((line) => `route add ${line}`));
  return () => undefined;
}

/** The provider's end of the tunnel. The prefix goes through it. */
async function tunnelEnd(router: Namespace): Promise<() => void> {
  const program = await readFile(TUNNEL, "utf8");
  const end = router.start(["python3", "-c", program, "tun0", HOST4]);
  const up = ["ip", "link", "set", "tun0", "up", "mtu", "1400"];
  for (let tries = 0; (await router.run(up)).code !== 0; tries++) {
    if (tries === 50) throw new Error("lab: the tunnel's end does not start");
    await sleep(100);
  }
  await router.ip([`route del ${PREFIX}`]);
  await routes(router, `${PREFIX} dev tun0`, `${OUTSIDE.link} dev tun0`);
  return () => void end.kill();
}
