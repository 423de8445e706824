import { crypto } from "../base/builtin.ts";
import { parsedOf } from "../answers/normal-form.ts";
import { pluginOf } from "../answers/parse-names.ts";
import type { Answers, ParsedAnswers } from "../answers/types.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  reverseName,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import { isLinkLocal } from "../ip/special-ranges.ts";

/** A rock (luarocks), and the name of Kong's plugin in it. */
interface Rock {
  readonly rock: string;
  readonly plugin: string;
}

/** The address plan: everything that follows from the answers, as text for the templates. */
export interface PlanTexts {
  readonly prefix: string;
  readonly routed: boolean;
  readonly uplink: {
    readonly name: string;
    /** The name in a dotted sysctl key: its own dots become slashes (sysctl.d(5)). */
    readonly sysctl: string;
  };
  readonly host: {
    readonly address: string;
    /** `address/length`, with the prefix length that netplan configures. */
    readonly interface: string;
    readonly reverse: string;
  };
  /** How the owner reaches the server by ssh. */
  readonly login: string;
  readonly gateway: {
    readonly address: string;
    /** True for a global gateway outside the host's subnet: netplan needs `on-link` then. */
    readonly onLink: boolean;
  };
  readonly exposed: {
    readonly network: string;
    readonly bridge: string;
    readonly subnet: string;
    readonly gateway: string;
    /** From here Docker gives addresses to containers without a fixed one: the half without Kong. */
    readonly range: string;
  };
  readonly kong: { readonly address: string; readonly reverse: string };
  readonly ipv4: {
    /** Whether Kong's ports are published on the server's IPv4. */
    readonly published: boolean;
    /** KONG_BIND_IP. */
    readonly bind: string;
    /** The server's IPv4 and the name of its PTR record; empty if unknown. */
    readonly address: string;
    readonly reverse: string;
    /** If netplan configures the IPv4 too; otherwise null. */
    readonly netplan: {
      readonly interface: string;
      readonly gateway: string;
      readonly onLink: boolean;
    } | null;
  };
  readonly backend: {
    readonly subnet: string;
    readonly gateway: string;
    /** From here Docker gives addresses to the other services; Kong's is not in it. */
    readonly range: string;
    readonly kong: string;
  };
  readonly internalPrefix: string;
  readonly ndp: { readonly ndppd: boolean; readonly kernel: boolean };
  /** For the DNS records; "YOUR.DOMAIN" if none is given. */
  readonly domain: string;
  readonly image: string;
  readonly plugins: {
    readonly rocks: readonly Rock[];
    readonly enabled: string;
  };
  readonly postgres: boolean;
  readonly firewall: { readonly ufw: boolean; readonly own: boolean };
  readonly data: {
    readonly directory: string;
    /** Its line in .gitignore; empty if the directory is outside the repository. */
    readonly ignore: string;
  };
}

/** The same addresses as numbers, for code that computes with them. */
interface PlanNumbers {
  readonly prefix: Subnet;
  readonly host: { readonly address: bigint; readonly length: number };
  readonly gateway: bigint;
  readonly exposed: {
    readonly subnet: Subnet;
    readonly gateway: bigint;
    readonly range: Subnet;
  };
  readonly kong: bigint;
  /** undefined if the server's IPv4 is unknown. */
  readonly ipv4:
    | {
        readonly address: bigint;
        /** Prefix length and gateway, if netplan configures the IPv4. */
        readonly netplan: {
          readonly length: number;
          readonly gateway: bigint;
        } | null;
      }
    | undefined;
  readonly backend: {
    readonly subnet: Subnet;
    readonly gateway: bigint;
    readonly range: Subnet;
    readonly kong: bigint;
  };
  readonly internalPrefix: Subnet;
}

export interface Plan extends PlanTexts {
  readonly numbers: PlanNumbers;
}

/**
 * Derives the plan from checked answers in normal form (see resolve()). The same answers give the
 * same plan on every machine.
 */
export function plan(answers: Answers): Plan {
  const numbers = numbersOf(parsedOf(answers));
  const { kong } = numbers;
  return {
    prefix: answers.prefix,
    routed: answers.delivery === "routed",
    uplink: {
      name: answers.interface,
      sysctl: answers.interface.replaceAll(".", "/"),
    },
    host: {
      address: answers.host,
      interface: `${answers.host}/${numbers.host.length}`,
      reverse: reverseName(6, numbers.host.address),
    },
    login: answers.ssh === "none" ? `root@${answers.host}` : answers.ssh,
    gateway: { address: answers.gateway, onLink: needsOnLink(numbers) },
    exposed: {
      network: answers.network,
      bridge: bridgeName(answers.network),
      subnet: answers.exposed,
      gateway: formatAddress(6, numbers.exposed.gateway),
      range: formatSubnet(numbers.exposed.range),
    },
    kong: { address: answers.kong, reverse: reverseName(6, kong) },
    ipv4: ipv4Texts(answers, numbers),
    backend: {
      subnet: answers.backendSubnet,
      gateway: formatAddress(4, numbers.backend.gateway),
      range: formatSubnet(numbers.backend.range),
      kong: formatAddress(4, numbers.backend.kong),
    },
    internalPrefix: answers.internalPrefix,
    ...settings(answers),
    numbers,
  };
}

/** What needs no address. */
function settings(
  answers: Answers,
): Pick<
  PlanTexts,
  "ndp" | "domain" | "image" | "plugins" | "postgres" | "firewall" | "data"
> {
  const { plugin, dataDir } = answers;
  const rocks = plugin.map(rockOf);
  const enabled = new Set(["bundled", ...rocks.map((rock) => rock.plugin)]);
  return {
    ndp: { ndppd: answers.ndp === "ndppd", kernel: answers.ndp === "kernel" },
    domain: answers.domain === "none" ? "YOUR.DOMAIN" : answers.domain,
    image: answers.kongImage,
    plugins: { rocks, enabled: [...enabled].join(",") },
    postgres: answers.database === "postgres",
    firewall: {
      ufw: answers.firewall === "ufw",
      own: answers.firewall !== "none",
    },
    data: { directory: dataDir, ignore: ignoreLine(dataDir) },
  };
}

/** The line in .gitignore for a data directory; empty if it is outside the repository. */
export const ignoreLine = (dataDir: string): string =>
  dataDir.startsWith("./") ? `${dataDir.slice(1)}/` : "";

function numbersOf(parsed: Readonly<ParsedAnswers>): PlanNumbers {
  const { prefix, host, gateway, exposed, kong, internalPrefix } = parsed;
  // On-link, the whole prefix is on the uplink's link. Routed, only the server's own /64 is.
  const length = parsed.delivery === "on-link" ? prefix.length : 64;
  return {
    prefix,
    host: { address: host, length },
    gateway,
    exposed: {
      subnet: exposed,
      gateway: exposed.network + 1n,
      range: halfWithout(exposed, kong),
    },
    kong,
    ipv4: ipv4Numbers(parsed),
    backend: backendNumbers(parsed.backendSubnet),
    internalPrefix,
  };
}

function needsOnLink({ host, gateway }: PlanNumbers): boolean {
  const link = subnetAt(6, host.address, host.length);
  return !isLinkLocal(gateway) && !contains(link, gateway);
}

function ipv4Numbers({
  ipv4,
  ipv4Gateway: gateway,
}: Readonly<ParsedAnswers>): PlanNumbers["ipv4"] {
  if (typeof ipv4 === "string") return undefined;
  const { address, length } = ipv4;
  const isConfigured = length !== undefined && gateway !== "none";
  return { address, netplan: isConfigured ? { length, gateway } : null };
}

function ipv4Texts(
  { ipv4, ipv4Gateway: gateway }: Answers,
  { ipv4: numbers }: PlanNumbers,
): PlanTexts["ipv4"] {
  if (numbers === undefined) {
    const published = ipv4 === "any";
    const bind = published ? "0.0.0.0" : "";
    return { published, bind, address: "", reverse: "", netplan: null };
  }
  const address = formatAddress(4, numbers.address);
  const reverse = reverseName(4, numbers.address);
  const known = { published: true, bind: address, address, reverse };
  if (numbers.netplan === null) return { ...known, netplan: null };
  const link = subnetAt(4, numbers.address, numbers.netplan.length);
  const onLink = !contains(link, numbers.netplan.gateway);
  return { ...known, netplan: { interface: ipv4, gateway, onLink } };
}

/** Kong is at .100 as in the recipe, or in the middle of a smaller subnet; the others are below. */
function backendNumbers(subnet: Subnet): PlanNumbers["backend"] {
  const place = size(subnet) > 101n ? 100n : size(subnet) / 2n;
  const { network, length } = subnet;
  return {
    subnet,
    gateway: network + 1n,
    range: subnetAt(4, network, Math.max(26, length + 2)),
    kong: network + place,
  };
}

/**
 * The half of a subnet that Kong is not in. Dynamic addresses come from there, so that a container
 * which starts before Kong can't take Kong's address (docker/compose#11899). Docker 20.10 finds no
 * address ("invalid bit range") beyond a subnet's first 2^32 addresses, so of a larger subnet only
 * those are halved.
 */
function halfWithout(subnet: Subnet, kong: bigint): Subnet {
  const length = Math.max(subnet.length, 96) + 1;
  const lower = subnetAt(6, subnet.network, length);
  return contains(lower, kong)
    ? { ...lower, network: lower.network + size(lower) }
    : lower;
}

/** The network's name if Linux takes it as an interface name (15 characters), otherwise a hash of it. */
function bridgeName(network: string): string {
  if (/^[A-Za-z0-9_-]{2,15}$/.test(network)) return network;
  return `br-${crypto().createHash("sha256").update(network).digest("hex").slice(0, 12)}`;
}

/** The parts of ROCK=PLUGIN. */
function rockOf(answer: string): Rock {
  const [rock = "", plugin = pluginOf(rock)] = answer.split("=");
  return { rock, plugin };
}
