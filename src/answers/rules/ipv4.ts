import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseSubnet,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import { BACKEND_SUBNET } from "../defaults.ts";
import { endOf } from "../parse-addresses.ts";
import type { Ipv4Interface, KnownAnswers } from "../types.ts";
import {
  refusal,
  warning,
  type Context,
  type Finding,
  type Remedy,
} from "./finding.ts";

/** The server's IPv4, its gateway, and kong-net, which must contain neither. */
export const ipv4Rules = ({ known }: Context): Finding[] => [
  ...ownSubnetRules(known),
  ...missingAddress(known),
  ...gatewayAddressRules(known),
  ...gatewaySubnetRules(known),
  ...dockerBridge(known),
];

/** The server's IPv4, if it is known. */
const ownOf = ({ ipv4 }: KnownAnswers): Ipv4Interface | undefined =>
  typeof ipv4 === "object" ? ipv4 : undefined;

/** The IPv4 subnet of the server's link; without a length only the address itself. */
const linkOf = ({ address, length }: Ipv4Interface): Subnet =>
  subnetAt(4, address, length ?? 32);

function ownSubnetRules(known: KnownAnswers): Finding[] {
  const backend = known.backendSubnet;
  const own = ownOf(known);
  if (!backend || !own || !overlaps(backend, linkOf(own))) return [];
  const link = linkOf(own);
  const reason = contains(backend, own.address)
    ? `it contains the server's IPv4 ${formatAddress(4, own.address)}`
    : `it overlaps the server's own subnet ${formatSubnet(link)}`;
  return [
    refusal("backendSubnet", reason, otherBackend(backend, link), "ipv4"),
  ];
}

function missingAddress(known: KnownAnswers): Finding[] {
  const { ipv4, ipv4Gateway, host } = known;
  if (typeof ipv4Gateway !== "bigint" || ipv4 === undefined) return [];
  if (host === "keep") {
    return [
      refusal(
        "ipv4Gateway",
        "with --host keep no netplan file is generated",
        "Give --ipv4-gateway none, or the server's own address as --host",
        "host",
      ),
    ];
  }
  const own = ownOf(known);
  if (own?.length !== undefined) return [];
  const address = own ? formatAddress(4, own.address) : "192.0.2.10";
  return [
    refusal(
      "ipv4Gateway",
      "netplan needs --ipv4 with its prefix length",
      `Give both, like --ipv4 ${address}/24, or none`,
      "ipv4",
    ),
  ];
}

function gatewayAddressRules(known: KnownAnswers): Finding[] {
  const { ipv4Gateway: gateway } = known;
  const own = ownOf(known);
  if (typeof gateway !== "bigint" || !own) return [];
  const link = linkOf(own);
  if (gateway === own.address) {
    const likely = subnetAt(4, own.address, own.length ?? 24);
    return [
      refusal(
        "ipv4Gateway",
        "it is the server's own IPv4",
        likelyRouter(likely, own),
        "ipv4",
      ),
    ];
  }
  const end = endOf(link, gateway);
  return end === undefined
    ? []
    : [
        refusal(
          "ipv4Gateway",
          `it is the ${end} address of ${formatSubnet(link)} (RFC 1122 3.2.1.3)`,
          likelyRouter(link, own),
          "ipv4",
        ),
      ];
}

/** Most routers have the first address of the link. */
function likelyRouter(link: Subnet, own: Ipv4Interface): string {
  const first = link.network + 1n;
  const router = first === own.address ? first + 1n : first;
  return `Give the provider's router, like ${formatAddress(4, router)}`;
}

function gatewaySubnetRules(known: KnownAnswers): Finding[] {
  const { backendSubnet: backend, ipv4Gateway: gateway } = known;
  if (!backend || typeof gateway !== "bigint" || !contains(backend, gateway))
    return [];
  const own = ownOf(known);
  return [
    refusal(
      "backendSubnet",
      `it contains the IPv4 gateway ${formatAddress(4, gateway)}`,
      otherBackend(backend, own && linkOf(own)),
      "ipv4Gateway",
    ),
  ];
}

/** docker0 gets the first of Docker's default address pools (moby libnetwork/ipamutils). */
const DOCKER_BRIDGE = "172.17.0.0/16";

function dockerBridge({ backendSubnet: backend }: KnownAnswers): Finding[] {
  if (!backend || !overlaps(backend, parseSubnet(4, DOCKER_BRIDGE))) return [];
  return [
    warning(
      "backendSubnet",
      `it overlaps ${DOCKER_BRIDGE}, which Docker's default bridge usually has: Docker refuses a second network there`,
      `Use another one, like ${formatSubnet(BACKEND_SUBNET)}, unless the bridge has another subnet`,
    ),
  ];
}

/** Suggests the default kong-net, or another subnet where that is in use. */
function otherBackend(refused: Subnet, link: Subnet | undefined): Remedy {
  const others = ["192.168.181.0/24", "172.29.81.0/24"];
  const free = [BACKEND_SUBNET, ...others.map((text) => parseSubnet(4, text))]
    .filter((subnet) => !overlaps(subnet, refused))
    .find((subnet) => !link || !overlaps(subnet, link));
  const backendSubnet = free ?? BACKEND_SUBNET;
  return {
    remedy: `Give a subnet that the server is not in, like ${formatSubnet(backendSubnet)}`,
    suggested: { backendSubnet },
  };
}
