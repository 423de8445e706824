import { assignmentsOf } from "../base/dotenv.ts";
import { COMPOSE_FILE } from "./compose-names.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";
import { generatedFile } from "../render/generated-files.ts";
import { isAddressVariable } from "../render/env-variables.ts";
import {
  plainCommands,
  portsIn,
  ufwPortsIn,
  type HasPort,
} from "./firewall-ports.ts";
import { openAdminPorts } from "./admin-ports.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import {
  at,
  list,
  normal,
  parsed,
  portText,
  resolved,
  variable,
} from "./yaml-values.ts";

/** What a file says about something that the answers decide: name → value. */
type Facts = Map<string, string>;

/** The value of a fact that has no other. */
const THERE = "there";

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

/** @returns undefined for a text that is not valid in its format */
function factsOf(
  path: string,
  text: string,
  settings: string,
): Facts | undefined {
  const facts: Facts = new Map();
  const format = generatedFile(path)?.format;
  const value =
    format === "yaml" || format === "json" ? parsed(text) : undefined;
  if (value === null) return undefined;
  switch (path) {
    case SECRET_FILE: {
      for (const { key, value } of assignmentsOf(text))
        if (isAddressVariable(key) && value) facts.set(key, normal(value));
      return facts;
    }
    case COMPOSE_FILE:
      return composeFacts(value, settings);
    case "host/etc/netplan/60-kong-ipv6.yaml":
      return netplanFacts(value);
    case "kong-build/Dockerfile":
      for (const [, image] of text.matchAll(/^FROM\s+(?:--\S+\s+)*(\S+)/gim))
        facts.set(`image ${image}`, THERE);
      return facts;
  }
  switch (format) {
    case "json":
      addLeaves(facts, value, "");
      return facts;
    case "braces":
    case "ini":
    case "shell":
      for (const token of findTokens(text.replace(/(^|\s)#.*$/gm, "")))
        facts.set(nameOf(token), THERE);
      return facts;
    default:
      return facts;
  }
}

function composeFacts(compose: unknown, settings: string): Facts {
  const facts: Facts = new Map();
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) facts.set(name, resolved(value, settings));
  };
  for (const name of ["kong", "kong-migration", "kong-database"])
    if (at(compose, "services", name) !== undefined)
      facts.set(`service ${name}`, THERE);
  const kong = at(compose, "services", "kong");
  add("KONG_DATABASE", variable(at(kong, "environment"), "KONG_DATABASE"));
  add("ipv6_address of kong", at(kong, "networks", "exposed", "ipv6_address"));
  add("ipv4_address of kong", at(kong, "networks", "kong-net", "ipv4_address"));
  for (const port of list(at(kong, "ports")))
    facts.set(`port ${resolved(portText(port), settings)}`, THERE);
  const subnets = list(at(compose, "networks", "kong-net", "ipam", "config"));
  add("subnet of kong-net", at(subnets[0], "subnet"));
  add(
    "name of the exposed network",
    at(compose, "networks", "exposed", "name"),
  );
  return facts;
}

function netplanFacts(netplan: unknown): Facts {
  const facts: Facts = new Map();
  const uplinks = at(netplan, "network", "ethernets");
  for (const [name, uplink] of Object.entries(uplinks ?? {})) {
    for (const address of list(at(uplink, "addresses")).map(addressText))
      facts.set(`address ${normal(address)} on ${name}`, THERE);
    for (const route of list(at(uplink, "routes"))) {
      const via = at(route, "via");
      if (via === undefined) continue;
      const to = destination(String(at(route, "to")), String(via));
      facts.set(`the gateway of ${to} on ${name}`, normal(String(via)));
    }
  }
  return facts;
}

/** An address may be a mapping of one key, with its options below it (netplan(5)). */
const addressText = (address: unknown): string =>
  typeof address === "object"
    ? String(Object.keys(address ?? {})[0])
    : String(address);

/** `default` is the default route of the gateway's family (netplan(5)). */
function destination(to: string, via: string): string {
  if (to !== "default") return normal(to);
  return via.includes(":") ? "::/0" : "0.0.0.0/0";
}

function addLeaves(facts: Facts, value: unknown, name: string): void {
  if (typeof value !== "object" || value === null) {
    facts.set(name, normal(String(value)));
    return;
  }
  for (const [key, inner] of Object.entries(value))
    addLeaves(facts, inner, name === "" ? key : `${name}.${key}`);
}
