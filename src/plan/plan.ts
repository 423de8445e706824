import { crypto } from "../base/builtin.ts";
import { parsedOf } from "../answers/normal-form.ts";
import { pluginOf } from "../answers/parse-names.ts";
import { allOf, oldAddresses, type OldAddresses } from "../answers/overlap.ts";
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
import {
  CONTROL_PLANE,
  KONG_PORTS,
  publicContainer,
  rangeWithout,
} from "./containers.ts";
import type {
  DefaultRoute,
  FleetRole,
  Plan,
  PlanNumbers,
  PlanTexts,
  PublicContainer,
  Rock,
} from "./types.ts";

export type { Plan, PlanTexts } from "./types.ts";

/**
 * Derives the plan from checked answers in normal form (see resolve()). The same answers give the
 * same plan on every machine.
 */
export const plan = (answers: Answers): Plan => planOf({ answers });

/** What a state says of the addresses. */
interface Phase {
  readonly answers: Answers;
  /** During an overlap: the answers before. */
  readonly overlap?: Answers;
  /** Of a server in a fleet. */
  readonly fleet?: FleetRole;
}

/** As plan(); during an overlap, the plan has the old addresses too. */
export function planOf({ answers, overlap, fleet }: Phase): Plan {
  const parsed = parsedOf(answers);
  const old = overlap && oldAddresses(overlap, answers);
  const numbers = numbersOf(parsed, old);
  const kong = publicContainer("kong", "Kong", numbers.kong, KONG_PORTS);
  const others = othersOf(parsed, numbers, fleet);
  const controlPlane = others.find(({ sources }) => sources.length > 0) ?? null;
  const expose = others.filter((one) => one !== controlPlane);
  return {
    prefix: answers.prefix,
    routed: answers.delivery === "routed",
    uplink: {
      name: answers.interface,
      sysctl: answers.interface.replaceAll(".", "/"),
    },
    host: hostTexts(numbers),
    login: loginOf(answers, numbers),
    loginIsRemembered: answers.ssh !== "none",
    loginIsUnknown: loginOf(answers, numbers) === UNKNOWN_LOGIN,
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
    kong,
    expose,
    controlPlane,
    others,
    containers: [kong, ...others],
    fleet: fleet
      ? { ...fleet, admin: formatAddress(4, numbers.backend.kong + 1n) }
      : null,
    ipv4: ipv4Texts(answers, numbers),
    backend: {
      subnet: answers.backendSubnet,
      gateway: formatAddress(4, numbers.backend.gateway),
      range: formatSubnet(numbers.backend.range),
      kong: formatAddress(4, numbers.backend.kong),
    },
    internalPrefix: answers.internalPrefix,
    ...settings(answers),
    previous: old ? previousTexts(old) : null,
    numbers,
  };
}

/** The containers of --expose. In a fleet, the control plane is one of them. */
function othersOf(
  { expose }: Readonly<ParsedAnswers>,
  numbers: PlanNumbers,
  fleet: FleetRole | undefined,
): PublicContainer[] {
  return expose.map(({ name, ports }) =>
    publicContainer(
      name,
      name,
      numbers.expose.get(name) as bigint,
      ports,
      name === CONTROL_PLANE ? fleet?.dataPlanes : [],
    ),
  );
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
    domain: answers.domain === "none" ? NO_DOMAIN : answers.domain,
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

function numbersOf(
  parsed: Readonly<ParsedAnswers>,
  old: OldAddresses | undefined,
): PlanNumbers {
  const { prefix, host, exposed, kong, internalPrefix } = parsed;
  const expose = new Map(
    parsed.expose.map(({ name, address }) => [name, address as bigint]),
  );
  return {
    prefix,
    host: host === "keep" ? undefined : host,
    gateway: gatewayAddress(parsed),
    exposed: {
      subnet: exposed,
      gateway: exposed.network + 1n,
      range: rangeWithout(exposed, [
        kong,
        ...expose.values(),
        ...(old ? allOf(old) : []),
      ]),
    },
    kong,
    expose,
    ipv4: ipv4Numbers(parsed),
    backend: backendNumbers(parsed.backendSubnet),
    internalPrefix,
  };
}

function hostTexts({ host }: Pick<PlanNumbers, "host">): PlanTexts["host"] {
  if (host === undefined) return null;
  const address = formatAddress(6, host.address);
  return {
    address,
    length: host.length,
    interface: `${address}/${host.length}`,
    reverse: reverseName(6, host.address),
  };
}

const previousTexts = ({
  host,
  containers,
}: OldAddresses): PlanTexts["previous"] => ({
  host: hostTexts({ host }),
  containers: containers.map(({ name, address, to }) => ({
    name,
    label: name === "kong" ? "Kong" : name,
    address: formatAddress(6, address),
    reverse: reverseName(6, address),
    to: formatAddress(6, to),
  })),
});

/** Stands for the domain if none is given. */
export const NO_DOMAIN = "YOUR.DOMAIN";

const UNKNOWN_LOGIN = "root@SERVER";

/** How the owner reaches the server; SERVER stands for its name if no address is known. */
function loginOf({ ssh }: Answers, { host, ipv4 }: PlanNumbers): string {
  if (ssh !== "none") return ssh;
  // Before the first deploy the server may not have its IPv6 address.
  if (ipv4) return `root@${formatAddress(4, ipv4.address)}`;
  return host ? `root@${formatAddress(6, host.address)}` : UNKNOWN_LOGIN;
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
