import { crypto } from "../base/builtin.ts";
import { parsedOf } from "../answers/normal-form.ts";
import { pluginOf } from "../answers/parse-names.ts";
import { gatewayAddress } from "../answers/suggestions.ts";
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
import type {
  DefaultRoute,
  Plan,
  PlanNumbers,
  PlanTexts,
  Rock,
} from "./types.ts";

export type { Plan, PlanTexts } from "./types.ts";

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
    host: hostTexts(numbers),
    login: loginOf(answers, numbers),
    gateway: {
      answer: answers.gateway,
      address: numbers.gateway === undefined ? "" : answers.gateway,
      advertised: answers.gateway === "ra",
    },
    routes: routesOf(answers, numbers),
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
  const { prefix, host, exposed, kong, internalPrefix } = parsed;
  return {
    prefix,
    host: host === "keep" ? undefined : host,
    gateway: gatewayAddress(parsed),
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

function hostTexts({ host }: PlanNumbers): PlanTexts["host"] {
  if (host === undefined) return null;
  const address = formatAddress(6, host.address);
  return {
    address,
    length: host.length,
    interface: `${address}/${host.length}`,
    reverse: reverseName(6, host.address),
  };
}

/** How the owner reaches the server; SERVER stands for its name if no address is known. */
function loginOf({ ssh }: Answers, { host, ipv4 }: PlanNumbers): string {
  if (ssh !== "none") return ssh;
  if (host) return `root@${formatAddress(6, host.address)}`;
  return `root@${ipv4 ? formatAddress(4, ipv4.address) : "SERVER"}`;
}

/** None for a family whose routes stay as they are or come from router advertisements. */
function routesOf(
  { gateway }: Answers,
  { host, gateway: router, ipv4 }: PlanNumbers,
): DefaultRoute[] {
  const routes: DefaultRoute[] = [];
  if (host && gateway !== "ra") {
    const link = subnetAt(6, host.address, host.length);
    const onLink =
      router !== undefined && !isLinkLocal(router) && !contains(link, router);
    const via = router === undefined ? "" : gateway;
    routes.push({ to: "::/0", via, onLink });
  }
  if (ipv4?.netplan) {
    const link = subnetAt(4, ipv4.address, ipv4.netplan.length);
    const via = formatAddress(4, ipv4.netplan.gateway);
    const onLink = !contains(link, ipv4.netplan.gateway);
    routes.push({ to: "0.0.0.0/0", via, onLink });
  }
  return routes;
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
  return { ...known, netplan: { interface: ipv4, gateway } };
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
