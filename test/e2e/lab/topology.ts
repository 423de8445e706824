import { Namespace } from "./namespace.ts";

/** The provider's network data, as the owner finds it in the order confirmation. */
export interface TopologyOptions {
  /** The provider's IPv6 prefix, `2001:db8:1:2::/64`. */
  prefix: string;
  /** `on-link`: the router solicits each address. `routed`: it sends the whole prefix to the host's link-local address. */
  delivery?: "on-link" | "routed";
  /** The router's IPv6 address for the host; default `fe80::1`. */
  gateway?: string;
  /** Name of the host's uplink; default `ens3`. */
  interface?: string;
  /** The host's IPv4 address with its prefix length; default `203.0.113.10/24`, `none` for a host without IPv4. */
  ipv4?: string;
  /** The router's IPv4 address for the host; default `203.0.113.1`. */
  ipv4Gateway?: string;
}

/** The outside client's own addresses. */
export const CLIENT = { ipv6: "2001:db8:c11e::2", ipv4: "198.51.100.2" };
/** The router's addresses on the client's side, which answer ping. */
export const BEYOND = { ipv6: "2001:db8:c11e::1", ipv4: "198.51.100.1" };

/** The uplink's hardware address is the same after a reboot, as on a real server. */
const HOST_MAC = "52:54:00:6b:6f:6e";
/** The kernel's link-local address for it (EUI-64). The router sends a routed prefix there. */
export const HOST_LINK_LOCAL = "fe80::5054:ff:fe6b:6f6e";

/**
 * ```
 * client ── router ── switch ── host
 * ```
 * With the switch in between, the router's link and its neighbor cache survive a reboot of the host.
 */
export class Topology {
  readonly options: Required<TopologyOptions>;
  readonly client: Namespace;
  readonly router: Namespace;
  readonly #switch: Namespace;
  readonly #neighbours: Namespace[] = [];
  #host: Namespace | undefined;

  private constructor(
    options: Required<TopologyOptions>,
    namespaces: [Namespace, Namespace, Namespace],
  ) {
    this.options = options;
    [this.client, this.router, this.#switch] = namespaces;
  }

  static async open(options: TopologyOptions): Promise<Topology> {
    const topology = new Topology(
      {
        delivery: "on-link",
        gateway: "fe80::1",
        interface: "ens3",
        ipv4: "203.0.113.10/24",
        ipv4Gateway: "203.0.113.1",
        ...options,
      },
      await Promise.all([Namespace.open(), Namespace.open(), Namespace.open()]),
    );
    await topology.#connect();
    return topology;
  }

  async #connect(): Promise<void> {
    const { prefix, delivery, gateway, ipv4, ipv4Gateway } = this.options;
    await this.#switch.ip(["link add sw type bridge", "link set sw up"]);
    await this.router.must(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await this.router.must([
      "sysctl",
      "-qw",
      "net.ipv6.conf.all.forwarding=1",
      // A provider's router sends no redirects to the host.
      "net.ipv4.conf.all.send_redirects=0",
      "net.ipv4.conf.default.send_redirects=0",
    ]);
    await this.router.ip([
      `link add up0 type veth peer name eth0 netns ${this.client.pid}`,
      `link add down0 type veth peer name router netns ${this.#switch.pid}`,
      `address add ${BEYOND.ipv6}/64 dev up0 nodad`,
      `address add ${BEYOND.ipv4}/24 dev up0`,
      "link set up0 up",
      "link set down0 up",
      ...(gateway === "fe80::1"
        ? []
        : [`address add ${gateway}/128 dev down0 nodad`]),
      "address add fe80::1/64 dev down0 nodad",
      delivery === "routed"
        ? `route add ${prefix} via ${HOST_LINK_LOCAL} dev down0`
        : `route add ${prefix} dev down0`,
      ...(ipv4 === "none"
        ? []
        : [`address add ${ipv4Gateway}/${ipv4.split("/")[1]} dev down0`]),
    ]);
    await this.#switch.ip(["link set router master sw", "link set router up"]);
    await this.client.ip([
      `address add ${CLIENT.ipv6}/64 dev eth0 nodad`,
      `address add ${CLIENT.ipv4}/24 dev eth0`,
      "link set eth0 up",
      `route add ::/0 via ${BEYOND.ipv6}`,
      `route add default via ${BEYOND.ipv4}`,
    ]);
  }

  /** A fresh network namespace for the host, with its uplink: nothing in it survives a reboot. */
  async connectHost(): Promise<Namespace> {
    await this.disconnectHost();
    const host = await Namespace.open();
    this.#host = host;
    const uplink = this.options.interface;
    await host.ip([
      `link add ${uplink} address ${HOST_MAC} type veth peer name host netns ${this.#switch.pid}`,
    ]);
    await this.#switch.ip(["link set host master sw", "link set host up"]);
    return host;
  }

  /** Disconnects the host: its link goes down, the router's stays up. */
  async disconnectHost(): Promise<void> {
    if (!this.#host) return;
    await this.#switch.run(["ip", "link", "delete", "host"]);
    await this.#host.close();
    this.#host = undefined;
  }

  /**
   * Another customer's server on the same link, with the given addresses and prefix lengths. They may be the host's own.
   * It serves as a duplicate, or as an attacker who needs no router.
   */
  async addNeighbour(...addresses: string[]): Promise<Namespace> {
    const neighbour = await Namespace.open();
    const port = `neighbour${this.#neighbours.push(neighbour)}`;
    await neighbour.ip([
      `link add eth0 type veth peer name ${port} netns ${this.#switch.pid}`,
      // This server was first: the one that comes later must detect the duplicate.
      ...addresses.map(
        (address) =>
          `address add ${address} dev eth0 ${address.includes(":") ? "nodad" : ""}`,
      ),
      "link set eth0 up",
    ]);
    await this.#switch.ip([
      `link set ${port} master sw`,
      `link set ${port} up`,
    ]);
    return neighbour;
  }

  /** Makes the router send another subnet to the host, such as a container's internal one: a neighboring attacker could do so. */
  async routeToHost(subnet: string): Promise<void> {
    const [family, via] = subnet.includes(":")
      ? ["-6", HOST_LINK_LOCAL]
      : ["-4", this.options.ipv4.split("/")[0]!];
    await this.router.must(
      `ip ${family} route replace ${subnet} via ${via} dev down0`.split(" "),
    );
  }

  /** Makes the router drop longer packets to the client, and answer "too big" (or "fragmentation needed" for IPv4). */
  async limitPathMtu(bytes: number): Promise<void> {
    await this.router.ip([
      `route change ${CLIENT.ipv6.replace(/2$/, "/64")} dev up0 proto kernel metric 256 mtu lock ${bytes}`,
      `route change ${CLIENT.ipv4.replace(/2$/, "0/24")} dev up0 proto kernel scope link src ${BEYOND.ipv4} mtu lock ${bytes}`,
    ]);
  }

  /** How often the router has answered "too big": proof that the smaller path MTU took effect. */
  async tooBigSent(): Promise<{ ipv6: number; ipv4: number }> {
    const six = await this.router.must(["cat", "/proc/net/snmp6"]);
    const four = await this.router.must(["cat", "/proc/net/snmp"]);
    const [names, values] = [...four.matchAll(/^Icmp: (.*)$/gm)].map((line) =>
      line[1]!.split(" "),
    ) as [string[], string[]];
    return {
      ipv6: Number(/^Icmp6OutPktTooBigs\s+(\d+)/m.exec(six)?.[1]),
      ipv4: Number(values[names.indexOf("OutDestUnreachs")]),
    };
  }

  /** Clears the router's neighbor cache: the next packet to each address starts with a solicitation. */
  async flushNeighbours(): Promise<void> {
    await this.router.must(["ip", "neighbour", "flush", "dev", "down0"]);
    await this.router.must(["ip", "-6", "neighbour", "flush", "dev", "down0"]);
  }

  async close(): Promise<void> {
    await this.disconnectHost();
    const all = [this.client, this.router, this.#switch, ...this.#neighbours];
    for (const namespace of all) await namespace.close();
  }
}
