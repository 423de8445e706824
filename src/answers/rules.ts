import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import type { AnswerKey, Answers } from "./types.ts";
import { BACKEND_SUBNET, kongIn } from "./defaults.ts";
import {
  fittingExposed,
  freeHost,
  freeSubnet,
  unfitKong,
} from "./suggestions.ts";
import { imageDoubt } from "./parse-names.ts";
import { ANY_ULA, documentation, isUla } from "../ip/special-ranges.ts";

/** What speaks against one answer in the light of the others. */
export interface Finding {
  readonly key: AnswerKey;
  readonly reason: string;
  readonly remedy: string;
}

export interface Findings {
  readonly refusals: readonly Finding[];
  /** Allowed, but the owner shall know. */
  readonly warnings: readonly Finding[];
}

/**
 * Checks normal-form answers against each other; answers that are not there (yet) are not missed.
 * Each finding is laid at the answer that is asked for last, so a prompt can show it at once; but a
 * gateway is a fact: what gives way to it is a default.
 * Rules: RFC 4291, 2526, 4193; which addresses Docker takes: moby libnetwork/ipam.
 * @param given which of the answers are the owner's; the others are defaults
 */
export function check(
  answers: Partial<Answers>,
  given: Partial<Record<AnswerKey, unknown>> = answers,
): Findings {
  const refusals: Finding[] = [];
  const warnings: Finding[] = [];
  const refuse = (key: AnswerKey, reason: string, remedy: string): void => {
    refusals.push({ key, reason, remedy });
  };
  const warn = (key: AnswerKey, reason: string, remedy: string): void => {
    warnings.push({ key, reason, remedy });
  };

  const prefix = subnet6(answers.prefix);
  const exposed = subnet6(answers.exposed);
  const internal = subnet6(answers.internalPrefix);
  const host = address6(answers.host);
  const kong = address6(answers.kong);
  const gateway = address6(answers.gateway);
  const isDefault = (key: AnswerKey): boolean => given[key] === undefined;

  const reserved = prefix && documentation(prefix);
  if (reserved) {
    warn(
      "prefix",
      `it is reserved for documentation (${reserved})`,
      "Fine for an example only",
    );
  }

  if (prefix && host !== undefined) {
    const own = formatAddress(6, freeHost(prefix, gateway));
    // A routed prefix isn't on the uplink's link: the server's own /64 is (plan.ts).
    const link = answers.delivery === "routed" ? 64 : prefix.length;
    if (!contains(prefix, host) && answers.delivery !== "routed") {
      refuse(
        "host",
        `it is outside the prefix ${formatSubnet(prefix)}, which is on-link`,
        `${tryThis(own)}; with --delivery routed it may be outside`,
      );
    } else if (
      host === prefix.network ||
      host === subnetAt(6, host, link).network
    ) {
      refuse(
        "host",
        "it is its link's subnet-router anycast address (RFC 4291 2.6.1)",
        tryThis(own),
      );
    }
  }

  const free = prefix && freeSubnet(prefix, [host, gateway]);
  // Kong can't be in a subnet that itself has to be another.
  const home =
    exposed && (!prefix || contains(prefix, exposed.network))
      ? exposed
      : undefined;
  // The gateway in the exposed subnet speaks against the subnet where that is but the default.
  const gatewayInside =
    exposed && gateway !== undefined && contains(exposed, gateway)
      ? isDefault("exposed")
        ? "default"
        : "given"
      : "no";
  if (prefix && exposed) {
    const fit = fittingExposed({
      ...answers,
      kong: isDefault("kong") ? undefined : answers.kong,
    }) as string;
    if (!home) {
      refuse(
        "exposed",
        `it is outside the prefix ${formatSubnet(prefix)}`,
        tryThis(fit),
      );
    }
    if (host !== undefined && contains(exposed, host)) {
      refuse(
        "exposed",
        `it contains the host address ${formatAddress(6, host)}`,
        tryThis(fit),
      );
    }
    if (gatewayInside === "default") {
      refuse(
        "exposed",
        `it contains the gateway ${answers.gateway}`,
        tryThis(fit),
      );
    }
  }

  if (kong !== undefined && home) kongRules(home, kong, refuse);
  else if (
    kong !== undefined &&
    !isDefault("kong") &&
    prefix &&
    free &&
    !contains(prefix, kong)
  ) {
    refuse(
      "kong",
      `it is outside the prefix ${formatSubnet(prefix)}`,
      tryThis(formatAddress(6, kongIn(free))),
    );
  }
  // A default in the exposed subnet moves with that, which is refused for the same address.
  if (
    kong !== undefined &&
    kong === host &&
    !(isDefault("kong") && exposed && contains(exposed, host))
  ) {
    const other = home && !contains(home, host) ? home : free;
    refuse(
      "kong",
      "it is the server's own address",
      other
        ? tryThis(formatAddress(6, kongIn(other)))
        : "Kong needs one of its own",
    );
  }

  if (gateway !== undefined) {
    const other = "Give the provider's router, like fe80::1";
    if (gateway === host) {
      if (prefix && isDefault("host") && !isDefault("gateway"))
        refuse(
          "host",
          "it is the gateway's address",
          tryThis(formatAddress(6, freeHost(prefix, gateway))),
        );
      else refuse("gateway", "it is the server's own address", other);
    } else if (gatewayInside !== "default" && gateway === kong)
      refuse("gateway", "it is Kong's address", other);
    else if (gatewayInside === "given") {
      refuse(
        "gateway",
        `it is inside the exposed subnet ${answers.exposed}`,
        other,
      );
    }
  }

  if (answers.delivery === "on-link" && answers.ndp === "none") {
    warn(
      "ndp",
      "the prefix is on-link and nobody answers Neighbor Solicitations for Kong",
      "Unless something else does, Kong stays unreachable: --ndp ndppd or --ndp kernel",
    );
  }
  if (
    answers.delivery === "routed" &&
    answers.ndp !== undefined &&
    answers.ndp !== "none"
  ) {
    warn("ndp", "a routed prefix needs no NDP proxy", "--ndp none would do");
  }

  const backend =
    answers.backendSubnet === undefined
      ? undefined
      : parseSubnet(4, answers.backendSubnet);
  ipv4Rules(answers, backend, refuse);

  if (internal) {
    const ula = ANY_ULA;
    if (exposed && overlaps(internal, exposed)) {
      refuse(
        "internalPrefix",
        `it overlaps the exposed subnet ${formatSubnet(exposed)}`,
        ula,
      );
    }
    if (host !== undefined && contains(internal, host)) {
      refuse(
        "internalPrefix",
        `it contains the host address ${formatAddress(6, host)}`,
        ula,
      );
    }
    if (gateway !== undefined && contains(internal, gateway)) {
      refuse(
        "internalPrefix",
        `it contains the gateway ${formatAddress(6, gateway)}`,
        ula,
      );
    }
    if (!isUla(internal)) {
      warn(
        "internalPrefix",
        "it is public: containers on Docker's default bridge get public addresses",
        ula,
      );
    } else if ((internal.network >> 80n) % (1n << 40n) === 0n) {
      warn(
        "internalPrefix",
        "its 40 random bits are all zero (RFC 4193 3.2.2)",
        ula,
      );
    }
  }

  if (answers.network !== undefined && answers.network === answers.interface) {
    refuse(
      "network",
      "its bridge would be named like the uplink",
      "A name like ipv6_exposed would do",
    );
  }
  const doubt =
    answers.kongImage === undefined ? undefined : imageDoubt(answers.kongImage);
  if (doubt !== undefined)
    warn("kongImage", doubt, "--kong-image kong:3.9.3 would do");
  if (answers.firewall === "none") {
    warn(
      "firewall",
      "nothing on the server filters forwarded traffic: on Docker 26 and older every port of every container with an IPv6 address is open to the world",
      "Filter elsewhere, or use --firewall ufw or --firewall nftables",
    );
  }
  return { refusals, warnings };
}

type Refuse = (key: AnswerKey, reason: string, remedy: string) => void;

function kongRules(exposed: Subnet, kong: bigint, refuse: Refuse): void {
  const unfit = contains(exposed, kong)
    ? unfitKong(exposed, kong)
    : `it is outside the exposed subnet ${formatSubnet(exposed)}`;
  if (unfit !== undefined)
    refuse("kong", unfit, tryThis(formatAddress(6, kongIn(exposed))));
}

function ipv4Rules(
  answers: Partial<Answers>,
  backend: Subnet | undefined,
  refuse: Refuse,
): void {
  const { ipv4, ipv4Gateway } = answers;
  const [text, length] =
    ipv4 === undefined || ipv4 === "any" || ipv4 === "none"
      ? []
      : ipv4.split("/");
  const own = text === undefined ? undefined : parseAddress(4, text);
  const link =
    own === undefined ? undefined : subnetAt(4, own, Number(length ?? 32));

  if (backend && link && overlaps(backend, link)) {
    const reason =
      own !== undefined && contains(backend, own)
        ? `it contains the server's IPv4 ${text}`
        : `it overlaps the server's own subnet ${formatSubnet(link)}`;
    refuse("backendSubnet", reason, elsewhere(backend, link));
  }
  if (ipv4Gateway === undefined || ipv4Gateway === "none") return;
  const gateway = parseAddress(4, ipv4Gateway);
  if (ipv4 !== undefined && (own === undefined || length === undefined)) {
    const address = own === undefined ? "192.0.2.10" : text;
    refuse(
      "ipv4Gateway",
      "netplan needs --ipv4 with its prefix length then",
      `Give both, like --ipv4 ${address}/24, or none`,
    );
  }
  if (gateway === own) {
    const first = subnetAt(4, own, Number(length ?? 24)).network + 1n;
    const router = formatAddress(4, first === own ? first + 1n : first);
    refuse(
      "ipv4Gateway",
      "it is the server's own IPv4",
      `Give the provider's router, like ${router}`,
    );
  }
  const last = link && link.network + size(link) - 1n;
  const ends = link && link.length < 31 && gateway !== own;
  if (ends && (gateway === link.network || gateway === last)) {
    const router = [1n, 2n]
      .map((place) => link.network + place)
      .find((address) => address !== own) as bigint;
    refuse(
      "ipv4Gateway",
      `it is the ${gateway === last ? "broadcast" : "network"} address of ${formatSubnet(link)} (RFC 1122 3.2.1.3)`,
      `Give the provider's router, like ${formatAddress(4, router)}`,
    );
  }
  if (backend && contains(backend, gateway)) {
    refuse(
      "backendSubnet",
      `it contains the IPv4 gateway ${ipv4Gateway}`,
      elsewhere(backend, link),
    );
  }
}

/** The usual subnet, or another one where that is taken. */
function elsewhere(refused: Subnet, link: Subnet | undefined): string {
  const free = [BACKEND_SUBNET, "192.168.181.0/24", "172.29.81.0/24"].find(
    (text) => {
      const subnet = parseSubnet(4, text);
      return !overlaps(subnet, refused) && !(link && overlaps(subnet, link));
    },
  );
  return `A subnet that the server isn't in would do, like ${free ?? BACKEND_SUBNET}`;
}

const tryThis = (value: string): string => `Try ${value}`;

function subnet6(text: string | undefined): Subnet | undefined {
  return text === undefined ? undefined : parseSubnet(6, text);
}

function address6(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : parseAddress(6, text);
}
