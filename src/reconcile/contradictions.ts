import { generatedFile } from "../render/generated-files.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { factsOf } from "./facts.ts";
import {
  plainCommands,
  portsIn,
  ufwPortsIn,
  type HasPort,
} from "./firewall-ports.ts";
import { otherFacts } from "./planned-lines.ts";
import { openAdminPorts } from "./admin-ports.ts";
import { COMPOSE_FILE } from "./compose-names.ts";
import { at } from "./yaml-values.ts";

/**
 * Where an edited file contradicts the answers: addresses, services, networks, ports, the database.
 * What the owner adds is no contradiction, unless only other answers have it.
 * @returns `KONG_DATABASE is postgres, not off`; nothing for a text that is not valid in its format
 */
export function contradictions(
  path: string,
  text: string,
  rendered: Tree,
): string[] {
  const generated = rendered.get(path);
  if (!generated || generated.sha256 !== undefined || generated.text === text)
    return [];
  const settings = rendered.get(SECRET_FILE)?.text ?? "";
  const [planned, found] = [generated.text, text].map((one) =>
    factsOf(path, one, settings),
  );
  if (!planned || !found) return [];
  const wrong = [...planned].flatMap(([name, value]) => {
    const other = found.get(name);
    if (other === value) return [];
    if (other === undefined) return [`${name} is missing`];
    return [`${name} is ${other}, not ${value}`];
  });
  const extra = [...found.keys()].filter(
    (name) => OURS.test(name) && !planned.has(name),
  );
  return [
    ...wrong,
    ...missing(path, text, generated.text),
    ...unlike(path, text, generated.text, rendered),
    ...(path === COMPOSE_FILE ? openAdminPorts(text, settings) : []),
    ...extra.map((name) => `${name} is not in the answers`),
  ];
}

/** The ports that the owner's file does not open, and the names that the owner's script does not use. */
function missing(path: string, text: string, generated: string): string[] {
  switch (path) {
    case "host/etc/kong-ipv6/firewall.nft":
      return closed(portsIn(text), generated, NFT_RULE);
    case "scripts/ufw.sh":
      return closed(ufwPortsIn(text), plainCommands(generated), UFW_RULE);
    case "scripts/network.sh":
      return unnamed(plainCommands(text), plainCommands(generated));
    default:
      return [];
  }
}

/** What the lines of a file without a tree of keys and values say otherwise. */
function unlike(
  path: string,
  text: string,
  generated: string,
  rendered: Tree,
): string[] {
  switch (generatedFile(path)?.format) {
    case "braces":
    case "ini":
    case "shell":
    case "sysctl":
      // missing() compares the names of network.sh.
      return otherFacts(
        text,
        generated,
        path === "scripts/network.sh" ? [] : namesIn(rendered),
      );
    default:
      return [];
  }
}

/** The interfaces and networks of the plan. */
function namesIn(rendered: Tree): string[] {
  const plan: unknown = JSON.parse(rendered.get(PLAN_FILE)?.text ?? "{}");
  return [
    ["uplink", "name"],
    ["uplink", "sysctl"],
    ["exposed", "bridge"],
    ["exposed", "network"],
  ].map((keys) => String(at(plan, ...keys)));
}

const PLAN_FILE = "scripts/plan.json";

const NFT_RULE =
  /ip6 daddr (?<address>\S+) (?<protocol>tcp|udp) dport \{ (?<ports>[^}]*) \}/g;
const UFW_RULE =
  / to (?<address>\S+) port (?<ports>\d+) proto (?<protocol>\S+)/g;

/** The ports of the containers that the owner's firewall does not open. */
const closed = (has: HasPort, generated: string, rule: RegExp): string[] =>
  [...generated.matchAll(rule)].flatMap(({ groups = {} }) => {
    const { address = "", protocol = "", ports = "" } = groups;
    return ports
      .split(", ")
      .filter((port) => !has(address, port, protocol))
      .map((port) => (protocol === "tcp" ? port : `${port}/${protocol}`))
      .map((port) => `port ${port} of ${address} is missing`);
  });

/** The names that the owner's script does not use. A variable may stand for the bridge. */
function unnamed(script: string, generated: string): string[] {
  const [, bridge = "", network = ""] =
    /bridge\.name=(\S+).*\s(\S+)\s*$/.exec(generated) ?? [];
  const bridges = [...script.matchAll(BRIDGE)].map(([, name = ""]) => name);
  const words = script.replace(BRIDGE, "").split(/[\s=;]+/);
  return [
    ...(bridges.some((name) => name === bridge || name.startsWith("$"))
      ? []
      : [`bridge ${bridge} is missing`]),
    ...(words.includes(network) ? [] : [`network ${network} is missing`]),
  ];
}

const BRIDGE = /bridge\.name=(\S+)/g;

/** What only some answers have. */
const OURS = /^service kong|^port \$KONG_BIND_IP\b/;
