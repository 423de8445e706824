/**
 * What providers deliver: servers as public reports describe them, with addresses from the
 * documentation ranges. docs/providers.md has a row for each. record-providers.ts writes the
 * recordings.
 */
export interface Provider {
  /** The name of the recording. */
  readonly name: string;
  /**
   * The links, addresses and routes: commands of `ip -batch`. Not every kernel has tunnels, VLANs and
   * bonds: a tun device or a veth stands for one.
   */
  readonly ip: string;
  /** What `ip -d` prints of the interfaces that something else stands for. */
  readonly real?: Readonly<Record<string, object>>;
  /** The netplan file of the provider's image; without it, something else configures the network. */
  readonly netplan?: string;
  /** False on hosts that have no netplan at all. */
  readonly installed?: false;
}

const UP = ["UP", "LOWER_UP"];

const SIT = {
  flags: ["POINTOPOINT", "NOARP", ...UP],
  operstate: "UNKNOWN",
  link_type: "sit",
  linkinfo: { info_kind: "sit" },
};

const vlan = (link: string, id: number): object => ({
  link,
  linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1Q", id } },
});

const BOND = {
  flags: ["BROADCAST", "MULTICAST", "MASTER", ...UP],
  linkinfo: { info_kind: "bond", info_data: { mode: "802.3ad" } },
};

/** A port of bond0. */
const BONDED = {
  flags: ["BROADCAST", "MULTICAST", "SLAVE", ...UP],
  master: "bond0",
  linkinfo: { info_slave_kind: "bond" },
};

/** A port of a bond has no address. */
const bonded = (name: string): string =>
  nic(name).replace(/(link set \S+) up$/, "$1 addrgenmode none\n$1 up");

/** An Ethernet interface. */
const nic = (name: string, mac = "52:54:00:12:34:56"): string => `
link add ${name} type veth peer name ${name} netns provider
link set ${name} address ${mac}
link set ${name} up`;

const four = (device: string, gateway = "203.0.113.1"): string => `
addr add 203.0.113.10/24 dev ${device}
route add default via ${gateway} dev ${device} proto static`;

/** An address and a default route from router advertisements or DHCPv6, as networkd sets them. */
const dynamic = (device: string, address: string, router: string): string => `
addr add ${address} dev ${device} valid_lft 86400 preferred_lft 14400 noprefixroute nodad
route add default via ${router} dev ${device} proto ra metric 100 expires 1800`;

const advertised = (device: string, prefix: string): string => `
route add ${prefix} dev ${device} proto ra metric 100 expires 86400`;

const fixed = (device: string, address: string, router = "fe80::1"): string => `
addr add ${address} dev ${device} nodad
route add default via ${router} dev ${device} proto static metric 1024`;

const netplan = (kind: string, name: string, ...settings: string[]): string =>
  [`  ${kind}:`, `    ${name}:`, ...settings.map((line) => `      ${line}`)]
    .join("\n")
    .concat("\n");

const file = (...parts: string[]): string =>
  `network:\n  version: 2\n${parts.join("")}`;

const route = (to: string, via: string, onLink = false): string =>
  `- {to: "${to}", via: "${via}"${onLink ? ", on-link: true" : ""}}`;

/** A bridge, bond or VLAN has the MAC address of its port. */
const MATCH = ['match: {macaddress: "52:54:00:12:34:56"}'];
const FOUR = ["addresses:", "- 203.0.113.10/24"];
const ROUTES = ["routes:", route("0.0.0.0/0", "203.0.113.1")];

/** Static IPv4 and IPv6 on one Ethernet interface. */
const simple = (
  name: string,
  address: string,
  router = "fe80::1",
  onLink = false,
): string =>
  file(
    netplan(
      "ethernets",
      name,
      ...FOUR,
      `- "${address}"`,
      ...ROUTES,
      route("::/0", router, onLink),
    ),
  );

const dhcp = (name: string, ...more: string[]): string =>
  file(netplan("ethernets", name, "dhcp4: true", ...more));

export const PROVIDERS: readonly Provider[] = [
  {
    name: "hetzner-cloud",
    ip: `${nic("eth0", "96:00:00:12:34:56")}
addr add 203.0.113.10/32 dev eth0
route add 172.31.1.1 dev eth0 proto static scope link
route add default via 172.31.1.1 dev eth0 proto static
addr add 2001:db8:c17:1::1/64 dev eth0 nodad preferred_lft 0
route add default via fe80::1 dev eth0 proto static metric 1024`,
    netplan: file(
      netplan(
        "ethernets",
        "eth0",
        'match: {macaddress: "96:00:00:12:34:56"}',
        'set-name: "eth0"',
        "dhcp4: true",
        "addresses:",
        '- "2001:db8:c17:1::1/64"',
        "routes:",
        route("default", "fe80::1", true),
      ),
    ),
  },
  {
    name: "hetzner-dedicated",
    ip: `${nic("enp0s31f6")}
link add br0 type bridge
link set enp0s31f6 master br0
link set br0 up
${four("br0")}${fixed("br0", "2001:db8:4f8:2::2/64")}`,
    netplan: file(
      netplan("ethernets", "enp0s31f6", ...MATCH, 'set-name: "enp0s31f6"'),
      netplan(
        "bridges",
        "br0",
        "interfaces: [enp0s31f6]",
        ...FOUR,
        '- "2001:db8:4f8:2::2/64"',
        ...ROUTES,
        route("::/0", "fe80::1"),
      ),
    ),
  },
  {
    name: "virtual-machine-host",
    ip: `${nic("enp0s31f6")}
link add vmbr0 type bridge
link set vmbr0 up
${nic("tap100i0", "fe:24:11:12:34:56")}
link set tap100i0 master vmbr0
addr add 2001:db8:4f8:3::2/64 dev vmbr0 nodad
neighbour add 2001:db8:4f8:3::100 lladdr bc:24:11:12:34:56 dev vmbr0
${four("enp0s31f6")}${fixed("enp0s31f6", "2001:db8:4f8:3::2/128")}`,
    installed: false,
  },
  {
    name: "netcup",
    ip: `${nic("eth0")}${four("eth0")}${fixed("eth0", "2001:db8:4000:1::1/64")}`,
    netplan: simple("eth0", "2001:db8:4000:1::1/64"),
  },
  {
    name: "contabo",
    ip: `${nic("eth0")}${four("eth0")}${fixed("eth0", "2001:db8:2207:1::1/64")}`,
    netplan: file(
      netplan(
        "ethernets",
        "eth0",
        ...FOUR,
        '- "2001:db8:2207:1::1/64"',
        "gateway6: fe80::1",
        ...ROUTES,
      ),
    ),
  },
  {
    name: "ovh-dedicated",
    ip: `${nic("eno1")}${four("eno1")}
addr add 2001:db8:5:3a12::1/64 dev eno1 nodad
route add 2001:db8:5:3aff:ff:ff:ff:ff dev eno1 proto static metric 1024
route add default via 2001:db8:5:3aff:ff:ff:ff:ff dev eno1 proto static metric 1024`,
    netplan: simple(
      "eno1",
      "2001:db8:5:3a12::1/64",
      "2001:db8:5:3aff:ff:ff:ff:ff",
      true,
    ),
  },
  {
    name: "ovh-dedicated-56",
    ip: `${nic("eno1")}${four("eno1")}${fixed("eno1", "2001:db8:5:3a12::1/56", "2001:db8:5:3aff:ff:ff:ff:ff")}`,
    netplan: simple(
      "eno1",
      "2001:db8:5:3a12::1/56",
      "2001:db8:5:3aff:ff:ff:ff:ff",
    ),
  },
  {
    name: "ovh-vps",
    ip: `${nic("ens3")}${four("ens3")}
addr add 2001:db8:5:52::1d3a/128 dev ens3 nodad
route add 2001:db8:5:52::1 dev ens3 proto static metric 1024
route add default via 2001:db8:5:52::1 dev ens3 proto static metric 1024`,
    netplan: simple(
      "ens3",
      "2001:db8:5:52::1d3a/128",
      "2001:db8:5:52::1",
      true,
    ),
  },
  {
    name: "oracle",
    ip: `${nic("ens3")}${four("ens3")}${dynamic("ens3", "2001:db8:c020:1::7f3a/128", "fe80::200:17ff:fe12:3456")}`,
    netplan: dhcp("ens3", "dhcp6: true"),
  },
  {
    name: "digitalocean",
    ip: `${nic("eth0")}${four("eth0")}${fixed("eth0", "2001:db8:a880:2::1001/64", "2001:db8:a880:2::1")}`,
    netplan: simple("eth0", "2001:db8:a880:2::1001/64", "2001:db8:a880:2::1"),
  },
  {
    name: "vultr",
    ip: `${nic("enp1s0", "56:00:04:12:34:56")}${four("enp1s0")}${dynamic("enp1s0", "2001:db8:19f0:1:5400:4ff:fe12:3456/64", "fe80::fc00:4ff:fe12:3456")}${advertised("enp1s0", "2001:db8:19f0:1::/64")}`,
    netplan: dhcp("enp1s0", "accept-ra: true"),
  },
  {
    name: "linode",
    ip: `${nic("eth0", "f2:3c:95:12:34:56")}${four("eth0")}${dynamic("eth0", "2001:db8:7e01::f03c:95ff:fe12:3456/64", "fe80::1")}${advertised("eth0", "2001:db8:7e01::/64")}`,
  },
  {
    name: "small-pool",
    ip: `${nic("eth0")}${four("eth0")}${fixed("eth0", "2001:db8:112::7:2/112", "2001:db8:112::7:1")}`,
    netplan: simple("eth0", "2001:db8:112::7:2/112", "2001:db8:112::7:1"),
  },
  {
    name: "aws",
    ip: `${nic("ens5")}${four("ens5")}${dynamic("ens5", "2001:db8:1f18:1:7a2c:1d3e:90ab:4c5d/128", "fe80::42:acff:fe12:1")}${advertised("ens5", "2001:db8:1f18:1::/64")}`,
    netplan: dhcp("ens5", "dhcp6: true"),
  },
  {
    name: "gcp",
    ip: `${nic("ens4")}${four("ens4")}${dynamic("ens4", "2001:db8:1900:40:0:5::/128", "fe80::4001:aff:fe80:1")}`,
    netplan: dhcp("ens4", "dhcp6: true"),
  },
  {
    name: "exoscale",
    ip: `${nic("eth0")}${four("eth0")}${dynamic("eth0", "2001:db8:c45:0:400:1ff:fe12:3456/64", "fe80::26:88ff:fe12:3456")}${advertised("eth0", "2001:db8:c45::/64")}`,
    netplan: dhcp("eth0", "accept-ra: true"),
  },
  {
    name: "scaleway",
    ip: `${nic("ens2", "de:00:00:12:34:56")}${four("ens2")}${dynamic("ens2", "2001:db8:cb19:1:dc00:ff:fe12:3456/64", "fe80::dc00:ff:fe12:3457")}`,
    netplan: dhcp("ens2", "accept-ra: true"),
  },
  {
    name: "buyvm",
    ip: `${nic("eth0")}${four("eth0")}${fixed("eth0", "2001:db8:48:a::2/48", "2001:db8:48::1")}`,
    netplan: simple("eth0", "2001:db8:48:a::2/48", "2001:db8:48::1"),
  },
  {
    name: "tunnel-broker",
    real: { "he-ipv6": SIT },
    ip: `${nic("ens3")}${four("ens3")}
tuntap add he-ipv6 mode tun
link set he-ipv6 up
addr add 2001:db8:1f0a:6d::2/64 dev he-ipv6 nodad
route add ::/0 dev he-ipv6 proto static metric 1024`,
    netplan: file(
      netplan("ethernets", "ens3", ...FOUR, ...ROUTES),
      netplan(
        "tunnels",
        "he-ipv6",
        "mode: sit",
        "local: 203.0.113.10",
        "remote: 192.0.2.30",
        "addresses:",
        '- "2001:db8:1f0a:6d::2/64"',
        "routes:",
        '- {to: "::/0", scope: link}',
      ),
    ),
  },
  {
    name: "vlan",
    real: { "enp0s31f6.4000": vlan("enp0s31f6", 4000) },
    ip: `${nic("enp0s31f6")}${four("enp0s31f6")}${nic("enp0s31f6.4000")}${fixed("enp0s31f6.4000", "2001:db8:4000:a::2/64")}`,
    netplan: file(
      netplan(
        "ethernets",
        "enp0s31f6",
        ...MATCH,
        'set-name: "enp0s31f6"',
        ...FOUR,
        ...ROUTES,
      ),
      netplan(
        "vlans",
        "enp0s31f6.4000",
        "id: 4000",
        "link: enp0s31f6",
        "addresses:",
        '- "2001:db8:4000:a::2/64"',
        "routes:",
        route("::/0", "fe80::1"),
      ),
    ),
  },
  {
    name: "bond-and-second-uplink",
    real: { bond0: BOND, eno1: BONDED, eno2: BONDED },
    ip: `${bonded("eno1")}${bonded("eno2")}${nic("eno3", "52:54:00:12:34:58")}${nic("bond0")}${four("bond0")}${fixed("bond0", "2001:db8:b0d::2/64")}
addr add 2001:db8:b0d:3::2/64 dev eno3 nodad
route add default via fe80::3 dev eno3 proto static metric 2048`,
    netplan: file(
      netplan("ethernets", "eno1", ...MATCH, 'set-name: "eno1"').concat(
        "    eno2: {dhcp4: false}\n",
        '    eno3: {addresses: ["2001:db8:b0d:3::2/64"], routes: [{to: "::/0", via: "fe80::3", metric: 2048}]}\n',
      ),
      netplan(
        "bonds",
        "bond0",
        "interfaces: [eno1, eno2]",
        "parameters: {mode: 802.3ad}",
        ...FOUR,
        '- "2001:db8:b0d::2/64"',
        ...ROUTES,
        route("::/0", "fe80::1"),
      ),
    ),
  },
];
