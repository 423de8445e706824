import { CHOICES, type Question } from "./types.ts";
import {
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  Refusal,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import { BACKEND_SUBNET, exposedIn, hostIn, kongIn } from "./defaults.ts";
import {
  readDataDir,
  readDomain,
  readImage,
  readInterface,
  readNetwork,
  readPlugin,
} from "./parse-names.ts";
import {
  globalAddress,
  internalPrefix,
  privateSubnet,
  providerPrefix,
} from "../ip/special-ranges.ts";
import { fittingExposed, fittingHost } from "./suggestions.ts";

export const QUESTIONS: readonly Question[] = [
  {
    key: "prefix",
    flag: "--prefix",
    first: true,
    metavar: "PREFIX",
    meaning: "the provider's IPv6 prefix, /64 or shorter",
    otherwise: "asked",
    fallback: () => undefined,
    read: providerPrefix,
  },
  {
    key: "host",
    flag: "--host",
    first: true,
    metavar: "ADDRESS",
    meaning: "the server's own IPv6 address",
    otherwise: "<prefix>::2",
    fallback: ({ answers }) =>
      within(answers.prefix, (prefix) => address(hostIn(prefix))),
    offer: fittingHost,
    read: globalAddress,
  },
  {
    key: "exposed",
    flag: "--exposed",
    first: true,
    metavar: "SUBNET",
    meaning: "public Docker subnet /65-/126",
    otherwise: "<prefix>:300::/80",
    fallback: ({ answers }) =>
      within(answers.prefix, (prefix) => formatSubnet(exposedIn(prefix))),
    offer: fittingExposed,
    read: (text) => formatSubnet(exposedSubnet(text)),
  },
  {
    key: "kong",
    flag: "--kong",
    first: true,
    metavar: "ADDRESS",
    meaning: "Kong's own IPv6 address",
    otherwise: "<exposed>::8100",
    fallback: ({ answers }) =>
      within(answers.exposed, (exposed) => address(kongIn(exposed))),
    read: globalAddress,
  },
  {
    key: "interface",
    flag: "--interface",
    metavar: "NAME",
    meaning: "the uplink interface",
    otherwise: "ens3",
    fallback: () => "ens3",
    read: readInterface,
  },
  {
    key: "gateway",
    flag: "--gateway",
    metavar: "ADDRESS",
    meaning: "the IPv6 default gateway",
    otherwise: "fe80::1",
    fallback: () => "fe80::1",
    read: readGateway,
  },
  {
    key: "delivery",
    flag: "--delivery",
    choices: CHOICES.delivery,
    metavar: "HOW",
    meaning: "how the provider delivers the prefix",
    otherwise: "on-link",
    fallback: () => "on-link",
    read: choice(CHOICES.delivery),
  },
  {
    key: "ndp",
    flag: "--ndp",
    choices: CHOICES.ndp,
    metavar: "PROXY",
    meaning: "who answers NDP for Kong",
    otherwise: "ndppd; none if routed",
    fallback: ({ answers }) =>
      answers.delivery === "routed" ? "none" : "ndppd",
    read: choice(CHOICES.ndp),
  },
  {
    key: "ipv4",
    flag: "--ipv4",
    metavar: "ADDRESS|any|none",
    meaning: "the server's IPv4 for Kong's 80 and 443",
    otherwise: "any",
    fallback: () => "any",
    read: readIpv4,
  },
  {
    key: "ipv4Gateway",
    flag: "--ipv4-gateway",
    metavar: "ADDRESS",
    meaning: "IPv4 gateway: netplan sets the IPv4 too",
    otherwise: "none",
    fallback: () => "none",
    read: (text) =>
      text === "none"
        ? text
        : formatAddress(
            4,
            unicast4(text, "the provider's router, like 192.0.2.1"),
          ),
  },
  {
    key: "backendSubnet",
    flag: "--backend-subnet",
    metavar: "SUBNET",
    meaning: "internal IPv4 network kong-net",
    otherwise: BACKEND_SUBNET,
    fallback: () => BACKEND_SUBNET,
    read: privateSubnet,
  },
  {
    key: "internalPrefix",
    flag: "--internal-prefix",
    metavar: "PREFIX",
    meaning: "IPv6 of Docker's default bridge",
    otherwise: "a random ULA",
    fallback: ({ randomUla }) => randomUla(),
    read: internalPrefix,
  },
  {
    key: "network",
    flag: "--network",
    metavar: "NAME",
    meaning: "the exposed Docker network",
    otherwise: "ipv6_exposed",
    fallback: () => "ipv6_exposed",
    read: readNetwork,
  },
  {
    key: "domain",
    flag: "--domain",
    metavar: "NAME",
    meaning: "name for the AAAA and PTR records",
    otherwise: "none",
    fallback: () => "none",
    read: readDomain,
  },
  {
    key: "kongImage",
    flag: "--kong-image",
    metavar: "IMAGE",
    meaning: "the Kong image to build on",
    otherwise: "kong:3.9.3",
    fallback: () => "kong:3.9.3",
    read: readImage,
  },
  {
    key: "plugin",
    flag: "--plugin",
    list: true,
    metavar: "ROCK",
    meaning: "luarocks plugin for the image, repeatable",
    otherwise: "none",
    fallback: () => [],
    read: readPlugin,
  },
  {
    key: "database",
    flag: "--database",
    choices: CHOICES.database,
    metavar: "KIND",
    meaning: "where Kong keeps its configuration",
    otherwise: "postgres",
    fallback: () => "postgres",
    read: choice(CHOICES.database),
  },
  {
    key: "firewall",
    flag: "--firewall",
    choices: CHOICES.firewall,
    metavar: "KIND",
    meaning: "what filters forwarded traffic",
    otherwise: "ufw",
    fallback: () => "ufw",
    read: choice(CHOICES.firewall),
  },
  {
    key: "dataDir",
    flag: "--data-dir",
    metavar: "DIR",
    meaning: "where the data live on the server",
    otherwise: "./data",
    fallback: () => "./data",
    read: readDataDir,
  },
];

function within<T>(
  subnet: string | undefined,
  derive: (subnet: Subnet) => T,
): T | undefined {
  return subnet === undefined ? undefined : derive(parseSubnet(6, subnet));
}

const address = (value: bigint): string => formatAddress(6, value);

function choice(values: readonly string[]): (text: string) => string {
  return (text) => {
    if (values.includes(text)) return text;
    throw new Refusal(
      "it is not one of the choices",
      `Choose ${values.join(" or ")}`,
    );
  };
}

/** /65 to /126: shorter is no subnet of a /64, longer has no room for Docker's gateway and Kong. */
function exposedSubnet(text: string): Subnet {
  const subnet = parseSubnet(6, text, "Write it like 2001:db8:1:2:300::/80");
  if (subnet.length < 65 || subnet.length > 126) {
    const around = subnetAt(6, subnet.network, 80);
    const slash64 = subnetAt(6, subnet.network, 64);
    // The first /80 of a /64 is where the server itself is.
    const meant =
      around.network === slash64.network ? exposedIn(slash64) : around;
    throw new Refusal(
      `a /${subnet.length} is not between /65 and /126`,
      `A /80 would do: ${formatSubnet(meant)}`,
    );
  }
  globalAddress(address(subnet.network));
  return subnet;
}

function readGateway(text: string): string {
  const remedy = "Give the provider's router, like fe80::1";
  const value = parseAddress(6, text, remedy);
  const linkLocal = subnetAt(6, value, 10).network === 0xfe80n << 112n;
  return linkLocal ? address(value) : globalAddress(text, remedy);
}

function readIpv4(text: string): string {
  if (text === "any" || text === "none") return text;
  const slash = text.indexOf("/");
  if (slash < 0) return formatAddress(4, unicast4(text));
  const value = unicast4(text.slice(0, slash));
  const length = Number(text.slice(slash + 1));
  if (!/^\/\d{1,2}$/.test(text.slice(slash)) || length < 1 || length > 32) {
    throw new Refusal(
      "its prefix length is not a number from 1 to 32",
      "Write it like 192.0.2.10/24",
    );
  }
  const subnet = subnetAt(4, value, length);
  const last = subnet.network + size(subnet) - 1n;
  if (length < 31 && (value === subnet.network || value === last)) {
    throw new Refusal(
      `it is the ${value === last ? "broadcast" : "network"} address of its /${length} (RFC 1122 3.2.1.3)`,
      `Give the server's own, like ${formatAddress(4, subnet.network + 1n)}/${length}`,
    );
  }
  return `${formatAddress(4, value)}/${length}`;
}

/** RFC 1122 3.2.1.3, RFC 3927, RFC 5771: what a server can't have as its own address. */
function unicast4(
  text: string,
  wanted = "an address of the server, like 192.0.2.10",
): bigint {
  const value = parseAddress(4, text, `Give ${wanted}`);
  const first = Number(value >> 24n);
  const unfit =
    first === 0
      ? "it means 'this host' (RFC 1122)"
      : first === 127
        ? "it is loopback (RFC 1122)"
        : first >= 240
          ? "it is reserved (RFC 1112)"
          : first >= 224
            ? "it is multicast (RFC 5771)"
            : value >> 16n === 0xa9fen
              ? "it is link-local (RFC 3927)"
              : undefined;
  if (unfit !== undefined) {
    throw new Refusal(unfit, `Give ${wanted}`);
  }
  return value;
}
