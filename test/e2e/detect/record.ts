import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { probeScript } from "../../../src/detect/probe-script.ts";
import type { Host } from "../lab/host.ts";
import { type Lab, type LabOptions, openLab } from "../lab/lab.ts";
import { GENERATIONS, rootOf, type Root } from "../lab/roots.ts";
import { openServer, script } from "../server/server.ts";
import { advertise } from "./advertise.ts";
import { MARKER, RECORDED } from "../../unit/detect/recordings.ts";
import { withPackage } from "../../unit/detect/variant.ts";

/**
 * `npx tsx test/e2e/detect/record.ts [NAME…]`: boots the lab's Debian hosts, puts each into a state, and
 * records the output of the probe there. Needs root on Debian, like the lab (test/e2e/lab/README.md).
 */
const PREFIX = "2001:db8:1:2::/64";
const HOST = "2001:db8:1:2::2";

/** The distribution's own netplan file, with additional settings for the uplink. */
const netplan = (...lines: string[]): string =>
  [
    "network:",
    "  version: 2",
    "  ethernets:",
    "    ens3:",
    "      addresses:",
    "        - 203.0.113.10/24",
    ...lines,
    "",
  ].join("\n");

const ROUTES = [
  "      routes:",
  "        - to: default",
  "          via: 203.0.113.1",
];
const STATIC = netplan(
  `        - ${HOST}/64`,
  "      accept-ra: false",
  ...ROUTES,
  '        - to: "::/0"',
  "          via: fe80::1",
);

/** Other software of the owner: ufw enabled, Docker networks that use our subnets, a VPN. */
const BUSY = `
  sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf
  docker network create --subnet 10.83.80.0/22 monitoring >/dev/null
  docker network create --ipv6 --subnet 2001:db8:1:2:300:1::/96 public >/dev/null
  ip link add wg0 type veth peer name far
  ip link set wg0 up
  ip route add 10.99.0.0/16 dev wg0`;
const DAEMON_JSON = `{"ipv6": true, "fixed-cidr-v6": "fd4c:8a1e:92b7::/64", "log-driver": "local"}\n`;

/** Clears the uplink's IPv6, then runs these commands. */
const only = (...commands: string[]): string =>
  ["ip -6 addr flush dev ens3 scope global", "ip -6 route flush default"]
    .concat(commands)
    .join("\n");

interface Recording {
  readonly name: string;
  readonly root?: () => Promise<Root>;
  readonly options?: Partial<LabOptions>;
  /** A bash script that runs on the host. */
  readonly state?: string;
  readonly prepare?: (lab: Lab) => Promise<void>;
  /** Run the probe as an ordinary user. */
  readonly unprivileged?: true;
  readonly open?: () => Promise<Lab>;
}

const trixie = (): Promise<Root> => rootOf("trixie");

const RECORDINGS: readonly Recording[] = [
  ...GENERATIONS.flatMap((generation): Recording[] => [
    { name: `${generation}-fresh`, root: () => rootOf(generation) },
    {
      name: `${generation}-busy`,
      root: () => rootOf(generation),
      options: {
        netplan: STATIC,
        files: { "/etc/docker/daemon.json": DAEMON_JSON },
      },
      state: BUSY,
    },
  ]),
  {
    name: "trixie-unprivileged",
    options: { netplan: STATIC },
    state: BUSY,
    unprivileged: true,
  },
  {
    name: "trixie-applied",
    open: () => openServer("trixie"),
    prepare: async (lab) => {
      const { code, stderr } = await script(lab, "apply.sh");
      if (code !== 0) throw new Error(stderr);
    },
  },
  {
    name: "trixie-two-uplinks",
    options: { netplan: STATIC },
    state: `ip link add ens4 type veth peer name provider2
      ip link set ens4 up; ip link set provider2 up
      ip addr add 2001:db8:9:9::2/64 dev ens4 nodad
      ip -6 route add default via fe80::9 dev ens4 metric 2048`,
  },
  {
    name: "trixie-single-address",
    options: { netplan: STATIC },
    state: only(
      `ip addr add ${HOST}/128 dev ens3 nodad`,
      "ip -6 route add default via fe80::1 dev ens3",
    ),
  },
  {
    name: "trixie-single-on-link",
    options: { netplan: STATIC },
    state: only(
      `ip addr add ${HOST}/128 dev ens3 nodad`,
      `ip -6 route add ${PREFIX} dev ens3`,
      "ip -6 route add default via fe80::1 dev ens3",
    ),
  },
  {
    name: "trixie-sixteen-addresses",
    options: { netplan: STATIC },
    state: only(
      `ip addr add ${HOST}/124 dev ens3 nodad`,
      "ip -6 route add default via fe80::1 dev ens3",
    ),
  },
  {
    name: "trixie-gateway-in-prefix",
    options: { netplan: STATIC, gateway: "2001:db8:1:2::1" },
    state: only(
      `ip addr add ${HOST}/64 dev ens3 nodad`,
      "ip addr add 2001:db8:1:2::77/64 dev ens3 nodad preferred_lft 0",
      "ip -6 route add default via 2001:db8:1:2::1 dev ens3",
      "ping -c 1 -W 2 2001:db8:1:2::1 >/dev/null",
    ),
  },
  {
    name: "trixie-ula-only",
    options: { netplan: STATIC },
    state: only(
      "ip addr add fd4c:8a1e:92b7:1::2/64 dev ens3 nodad",
      "ip -6 route add default via fe80::1 dev ens3",
    ),
  },
  {
    name: "trixie-ipv6-off",
    state: "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
  },
  {
    name: "trixie-ipv6-only",
    options: {
      ipv4: "none",
      netplan: STATIC.replace(/.*203\.0\.113\..*\n/g, "").replace(
        "        - to: default\n",
        "",
      ),
    },
  },
  {
    name: "trixie-slaac",
    options: { netplan: netplan("      accept-ra: true", ...ROUTES) },
    prepare: waitForAddress,
  },
  {
    name: "trixie-slaac-by-the-kernel",
    options: { netplan: "network:\n  version: 2\n" },
    prepare: async (lab) => {
      await lab.host.sh(`sysctl -qw net.ipv6.conf.ens3.accept_ra=2
        ip link set ens3 up; ip addr add 203.0.113.10/24 dev ens3
        ip route add default via 203.0.113.1`);
      await waitForAddress(lab);
    },
  },
  {
    name: "trixie-networkmanager",
    root: async () => withPackage(await trixie(), "network-manager"),
    options: {
      netplan: STATIC.replace(
        "  version: 2\n",
        "  version: 2\n  renderer: NetworkManager\n",
      ),
    },
    // Duplicate address detection takes a second (RFC 4862 5.4).
    state: "nm-online -q -t 20; sleep 2",
  },
];

/** Lets the router advertise until the host has its address and route. */
async function waitForAddress({ host, topology }: Lab): Promise<void> {
  const stop = await advertise(topology.router, "down0", PREFIX);
  try {
    await host.sh(
      "for i in {1..100}; do ip -6 addr show dev ens3 scope global | grep -v tentative | grep -q inet6 && ip -6 route show default | grep -q via && exit; sleep 0.2; done; exit 1",
    );
  } finally {
    stop();
  }
}

async function record(recording: Recording): Promise<void> {
  const { name, root = trixie, options, state, prepare, open } = recording;
  const lab = open
    ? await open()
    : await openLab(await root(), {
        prefix: PREFIX,
        images: false,
        ...options,
      });
  try {
    if (state !== undefined) await lab.host.sh(state);
    await prepare?.(lab);
    const output = await probe(lab.host, recording.unprivileged);
    mkdirSync(RECORDED, { recursive: true });
    writeFileSync(join(RECORDED, `${name}.txt`), output);
    console.log(`${name}: ${output.length} bytes`);
  } finally {
    await lab.close();
  }
}

function probe(host: Host, unprivileged = false): Promise<string> {
  const drop = "setpriv --reuid 65534 --regid 65534 --clear-groups".split(" ");
  return host.must([...(unprivileged ? drop : []), "sh", "-s"], {
    input: probeScript(MARKER),
  });
}

if (import.meta.filename === process.argv[1]) {
  const wanted = process.argv.slice(2);
  for (const recording of RECORDINGS)
    if (wanted.length === 0 || wanted.includes(recording.name))
      await record(recording);
}
