import { Refusal } from "../base/errors.ts";
import { formatAddress, formatAddress6, formatSubnet } from "../ip/address.ts";
import {
  BACKEND_SUBNET,
  defaultHost,
  GATEWAY,
  kongIn,
  newUla,
} from "./defaults.ts";
import {
  formatGateway,
  formatHost,
  formatIpv4,
  keyword,
  parseBackendSubnet,
  parseExposed,
  parseGateway,
  parseGlobalAddress,
  parseHost,
  parseInternalPrefix,
  parseIpv4,
  parseIpv4Gateway,
  parsePrefix,
} from "./parse-addresses.ts";
import { exposeText, formatExpose, parseExpose } from "./parse-expose.ts";
import { parseImage } from "./parse-image.ts";
import {
  parseDomain,
  parseInterface,
  parseNetwork,
  parsePlugin,
  parseSsh,
} from "./parse-names.ts";
import { parseDataDir } from "./parse-paths.ts";
import { defaultExposed, fittingExposed, fittingHost } from "./suggestions.ts";
import { CHOICES, type AnswerKey, type Question } from "./types.ts";

function choice<Value extends string>(
  values: readonly Value[],
): (text: string) => Value {
  return (text) => {
    const value = keyword(text, ...values);
    if (value !== undefined) return value;
    throw new Refusal(
      "it is not one of the choices",
      `Choose ${values.join(" or ")}`,
    );
  };
}

type Row<Key extends AnswerKey> = Omit<Question<Key>, "key">;

/** One row per answer, in the order in which they are asked and stored. */
const ROWS: { readonly [Key in AnswerKey]: Row<Key> } = {
  prefix: {
    flag: "--prefix",
    first: true,
    hint: () =>
      "Like 2001:db8:1:2::/64, or the server's address as `ip addr` prints it,\nlike 2001:db8:1:2::2/64.",
    metavar: "PREFIX",
    meaning: "the provider's IPv6 prefix",
    defaultText: "asked",
    fallback: () => undefined,
    parse: parsePrefix,
    format: formatSubnet,
  },
  host: {
    flag: "--host",
    first: true,
    hint: ({ prefix }) =>
      prefix && prefix.length > 64
        ? "As `ip -6 addr` prints it on the server, with the length of its link.\nOr keep, which leaves the server's address and default route as they are."
        : "keep leaves the server's address and default route as they are (SLAAC, DHCPv6).",
    metavar: "ADDRESS",
    meaning: "the server's IPv6 address, or keep",
    defaultText: "<prefix>::2",
    fallback: defaultHost,
    suggest: fittingHost,
    parse: parseHost,
    format: formatHost,
  },
  exposed: {
    flag: "--exposed",
    first: true,
    metavar: "SUBNET",
    meaning: "public Docker subnet /65-/126",
    defaultText: "<prefix>:300::/80",
    fallback: defaultExposed,
    suggest: fittingExposed,
    parse: parseExposed,
    format: formatSubnet,
  },
  kong: {
    flag: "--kong",
    first: true,
    metavar: "ADDRESS",
    meaning: "Kong's own IPv6 address",
    defaultText: "<exposed>::8100",
    fallback: ({ exposed }) => exposed && kongIn(exposed),
    parse: parseGlobalAddress,
    format: formatAddress6,
  },
  interface: {
    flag: "--interface",
    metavar: "NAME",
    meaning: "the uplink interface",
    defaultText: "ens3",
    fallback: () => "ens3",
    parse: parseInterface,
  },
  gateway: {
    flag: "--gateway",
    metavar: "ADDRESS",
    meaning: "the IPv6 default gateway, ra or none",
    defaultText: "fe80::1",
    fallback: ({ host }) => (host === "keep" ? "ra" : GATEWAY),
    parse: parseGateway,
    format: formatGateway,
  },
  delivery: {
    flag: "--delivery",
    choices: CHOICES.delivery,
    explanations: {
      "on-link": "the provider's router asks on the link who has an address",
      routed: "the provider's router sends the whole prefix to the server",
    },
    hint: ({ kong, interface: uplink = "ens3" }) =>
      `To find out, run \`tcpdump -ni ${uplink} icmp6\` on the server, and\nping ${kong === undefined ? "Kong's address" : formatAddress6(kong)} from another machine.\nNeighbor solicitations for it mean on-link, echo requests mean routed.`,
    metavar: "HOW",
    meaning: "how the provider delivers the prefix",
    defaultText: "on-link",
    fallback: () => "on-link",
    parse: choice(CHOICES.delivery),
  },
  ndp: {
    flag: "--ndp",
    choices: CHOICES.ndp,
    explanations: {
      ndppd: "the daemon ndppd answers for Kong",
      kernel: "the kernel answers for Kong's address; needs no package",
      none: "nothing answers; right if the prefix is routed",
    },
    metavar: "PROXY",
    meaning: "who answers NDP for Kong",
    defaultText: "ndppd; none if routed",
    fallback: ({ delivery }) => (delivery === "routed" ? "none" : "ndppd"),
    parse: choice(CHOICES.ndp),
  },
  ssh: {
    flag: "--ssh",
    hint: () =>
      "Like root@203.0.113.10. The server is read, not changed. Press Enter to skip.",
    metavar: "USER@HOST",
    meaning: "the server's ssh login, to detect the rest",
    defaultText: "none",
    fallback: () => "none",
    parse: parseSsh,
  },
  expose: {
    flag: "--expose",
    list: true,
    separator: /\s+/,
    hint: () =>
      "Like mail:25,587 dns:53,53/udp, or with an address: mail@[ADDRESS]:25,587.",
    metavar: "NAME:PORT…",
    meaning: "another public container, repeatable",
    defaultText: "none",
    fallback: () => [],
    parse: parseExpose,
    format: formatExpose,
    textOf: exposeText,
  },
  ipv4: {
    flag: "--ipv4",
    metavar: "ADDRESS|any|none",
    meaning: "the server's IPv4 for Kong's 80 and 443",
    defaultText: "any",
    fallback: () => "any",
    parse: parseIpv4,
    format: formatIpv4,
  },
  ipv4Gateway: {
    flag: "--ipv4-gateway",
    metavar: "ADDRESS",
    meaning: "IPv4 gateway: netplan sets the IPv4 too",
    defaultText: "none",
    fallback: () => "none",
    parse: parseIpv4Gateway,
    format: (value) => (value === "none" ? value : formatAddress(4, value)),
  },
  backendSubnet: {
    flag: "--backend-subnet",
    metavar: "SUBNET",
    meaning: "internal IPv4 network kong-net",
    defaultText: formatSubnet(BACKEND_SUBNET),
    fallback: () => BACKEND_SUBNET,
    parse: parseBackendSubnet,
    format: formatSubnet,
  },
  internalPrefix: {
    flag: "--internal-prefix",
    metavar: "PREFIX",
    meaning: "IPv6 of Docker's default bridge",
    defaultText: "a random ULA",
    random: true,
    fallback: newUla,
    parse: parseInternalPrefix,
    format: formatSubnet,
  },
  network: {
    flag: "--network",
    metavar: "NAME",
    meaning: "the exposed Docker network",
    defaultText: "ipv6_exposed",
    fallback: () => "ipv6_exposed",
    parse: parseNetwork,
  },
  domain: {
    flag: "--domain",
    metavar: "NAME",
    meaning: "name for the AAAA and PTR records",
    defaultText: "none",
    fallback: () => "none",
    parse: parseDomain,
  },
  kongImage: {
    flag: "--kong-image",
    metavar: "IMAGE",
    meaning: "the Kong image to build on",
    defaultText: "kong:3.9.3",
    fallback: () => "kong:3.9.3",
    parse: parseImage,
  },
  plugin: {
    flag: "--plugin",
    list: true,
    metavar: "ROCK",
    meaning: "luarocks plugin or ROCK=PLUGIN, repeatable",
    defaultText: "none",
    fallback: () => [],
    parse: parsePlugin,
  },
  database: {
    flag: "--database",
    choices: CHOICES.database,
    explanations: {
      postgres: "you configure Kong at run time, through its admin API",
      off: "you configure Kong in the file kong.yml",
    },
    metavar: "KIND",
    meaning: "where Kong keeps its configuration",
    defaultText: "postgres",
    fallback: () => "postgres",
    parse: choice(CHOICES.database),
  },
  firewall: {
    flag: "--firewall",
    choices: CHOICES.firewall,
    explanations: {
      ufw: "rules through ufw; if ufw is not active, a separate nftables table",
      nftables: "always a separate nftables table",
      none: "you filter elsewhere",
    },
    metavar: "KIND",
    meaning: "what filters forwarded traffic",
    defaultText: "ufw",
    fallback: () => "ufw",
    parse: choice(CHOICES.firewall),
  },
  dataDir: {
    flag: "--data-dir",
    metavar: "DIR",
    meaning: "where the data live on the server",
    defaultText: "./data",
    fallback: () => "./data",
    parse: parseDataDir,
  },
};

export const QUESTIONS: readonly Question[] = Object.entries(ROWS).map(
  ([key, row]) => ({ key: key as AnswerKey, ...(row as Row<AnswerKey>) }),
);

/** The row of an answer. */
export const questionOf = (key: AnswerKey): Question =>
  QUESTIONS.find((question) => question.key === key) as Question;
