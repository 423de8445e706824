import { crypto } from "../base/builtin.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  reverseName,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import type { Answers } from "../answers/types.ts";

/** The address plan and what follows from the answers: plain data, all that templates see. */
export interface Plan {
  readonly prefix: string;
  readonly routed: boolean;
  readonly uplink: {
    readonly name: string;
    /** The name in a dotted sysctl key: its own dots become slashes (sysctl.d(5)). */
    readonly sysctl: string;
  };
  readonly host: {
    readonly address: string;
    /** With the prefix length that netplan gives it. */
    readonly interface: string;
    readonly reverse: string;
  };
  readonly gateway: {
    readonly address: string;
    /** A global gateway outside the host's subnet: netplan needs to be told that it is on-link. */
    readonly onLink: boolean;
  };
  readonly exposed: {
    readonly network: string;
    readonly bridge: string;
    readonly subnet: string;
    readonly gateway: string;
    /** Where Docker takes addresses for containers without a fixed one: the half without Kong. */
    readonly range: string;
  };
  readonly kong: { readonly address: string; readonly reverse: string };
  readonly ipv4: {
    /** Whether Kong's ports are published on the server's IPv4. */
    readonly published: boolean;
    /** KONG_BIND_IP. */
    readonly bind: string;
    /** The server's IPv4 and the name of its PTR record, empty where it isn't known. */
    readonly address: string;
    readonly reverse: string;
    /** Where netplan configures the IPv4 too; else null. */
    readonly netplan: {
      readonly interface: string;
      readonly gateway: string;
      readonly onLink: boolean;
    } | null;
  };
  readonly backend: {
    readonly subnet: string;
    readonly gateway: string;
    /** Where Docker takes addresses for the other services: Kong's is not among them. */
    readonly range: string;
    readonly kong: string;
  };
  readonly internalPrefix: string;
  readonly ndp: { readonly ndppd: boolean; readonly kernel: boolean };
  /** As the records want it; "YOUR.DOMAIN" where none was given. */
  readonly domain: string;
  readonly image: string;
  readonly plugins: {
    readonly rocks: readonly string[];
    readonly enabled: string;
  };
  readonly postgres: boolean;
  readonly firewall: { readonly ufw: boolean; readonly own: boolean };
  readonly data: {
    readonly directory: string;
    /** The line that keeps it out of git; empty where it lies outside the repository. */
    readonly ignore: string;
  };
}

/**
 * Derives the whole plan from checked answers in normal form (see resolve()). Pure: the same
 * answers give the same plan on every machine.
 */
export function plan(answers: Answers): Plan {
  const prefix = parseSubnet(6, answers.prefix);
  const exposed = parseSubnet(6, answers.exposed);
  const kong = parseAddress(6, answers.kong);
  return {
    prefix: answers.prefix,
    routed: answers.delivery === "routed",
    uplink: {
      name: answers.interface,
      sysctl: answers.interface.replaceAll(".", "/"),
    },
    ...uplinkAddresses(answers, prefix),
    exposed: {
      network: answers.network,
      bridge: bridgeName(answers.network),
      subnet: answers.exposed,
      gateway: formatAddress(6, exposed.network + 1n),
      range: formatSubnet(otherHalf(exposed, kong)),
    },
    kong: { address: answers.kong, reverse: reverseName(6, kong) },
    ipv4: ipv4Plan(answers),
    backend: backendPlan(parseSubnet(4, answers.backendSubnet)),
    internalPrefix: answers.internalPrefix,
    ndp: { ndppd: answers.ndp === "ndppd", kernel: answers.ndp === "kernel" },
    domain: answers.domain === "none" ? "YOUR.DOMAIN" : answers.domain,
    image: answers.kongImage,
    plugins: {
      rocks: answers.plugin,
      enabled: [
        ...new Set(["bundled", ...answers.plugin.map(pluginName)]),
      ].join(","),
    },
    postgres: answers.database === "postgres",
    firewall: {
      ufw: answers.firewall === "ufw",
      own: answers.firewall !== "none",
    },
    data: {
      directory: answers.dataDir,
      ignore: answers.dataDir.startsWith("./")
        ? `${answers.dataDir.slice(1)}/`
        : "",
    },
  };
}

function uplinkAddresses(
  answers: Answers,
  prefix: Subnet,
): Pick<Plan, "host" | "gateway"> {
  const host = parseAddress(6, answers.host);
  const gateway = parseAddress(6, answers.gateway);
  // On-link, the whole prefix is on the uplink's link. Routed, only the server's own /64 is.
  const length = answers.delivery === "on-link" ? prefix.length : 64;
  const linkLocal = gateway >> 118n === 0x3fan;
  return {
    host: {
      address: answers.host,
      interface: `${answers.host}/${length}`,
      reverse: reverseName(6, host),
    },
    gateway: {
      address: answers.gateway,
      onLink: !linkLocal && !contains(subnetAt(6, host, length), gateway),
    },
  };
}

function ipv4Plan({ ipv4, ipv4Gateway }: Answers): Plan["ipv4"] {
  const unknown = { address: "", reverse: "", netplan: null };
  if (ipv4 === "none") return { published: false, bind: "", ...unknown };
  if (ipv4 === "any") return { published: true, bind: "0.0.0.0", ...unknown };
  const [address = "", length] = ipv4.split("/");
  const reverse = reverseName(4, parseAddress(4, address));
  const published = { published: true, bind: address, address, reverse };
  if (ipv4Gateway === "none") return { ...published, netplan: null };
  const own = subnetAt(4, parseAddress(4, address), Number(length));
  const onLink = !contains(own, parseAddress(4, ipv4Gateway));
  return {
    ...published,
    netplan: { interface: ipv4, gateway: ipv4Gateway, onLink },
  };
}

/** Kong at .100 as in the recipe, or in the middle of a smaller subnet; the rest below it. */
function backendPlan(subnet: Subnet): Plan["backend"] {
  const kong = size(subnet) > 101n ? 100n : size(subnet) / 2n;
  return {
    subnet: formatSubnet(subnet),
    gateway: formatAddress(4, subnet.network + 1n),
    range: formatSubnet(
      subnetAt(4, subnet.network, Math.max(26, subnet.length + 2)),
    ),
    kong: formatAddress(4, subnet.network + kong),
  };
}

/**
 * A container that starts before Kong must not take Kong's address (docker/compose#11899): dynamic
 * addresses come from the half of the subnet that Kong isn't in. Docker 20.10 finds none ("invalid bit
 * range") beyond a subnet's first 2^32 addresses: of a larger subnet only those are halved.
 */
function otherHalf(subnet: Subnet, kong: bigint): Subnet {
  const length = Math.max(subnet.length, 96) + 1;
  const lower = subnetAt(6, subnet.network, length);
  return contains(lower, kong)
    ? { ...lower, network: lower.network + size(lower) }
    : lower;
}

/** The network's own name where Linux takes it for an interface (15 characters), else a hash of it. */
function bridgeName(network: string): string {
  if (/^[A-Za-z0-9_-]{2,15}$/.test(network)) return network;
  return `br-${crypto().createHash("sha256").update(network).digest("hex").slice(0, 12)}`;
}

/** Kong's convention: the rock kong-plugin-NAME holds the plugin NAME (Kong plugin distribution). */
function pluginName(rock: string): string {
  return rock.replace(/^kong-plugin-/, "");
}
