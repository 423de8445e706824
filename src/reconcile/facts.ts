import { assignmentsOf } from "../base/dotenv.ts";
import { isAddressVariable } from "../render/env-variables.ts";
import { generatedFile } from "../render/generated-files.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { COMPOSE_FILE } from "./compose-names.ts";
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

/** @returns undefined for a text that is not valid in its format */
export function factsOf(
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
  const plugins = variable(at(kong, "environment"), "KONG_PLUGINS");
  for (const name of String(plugins ?? "").split(/[\s,]+/))
    if (name !== "" && name !== "bundled") facts.set(`plugin ${name}`, THERE);
  const subnets = list(at(compose, "networks", "kong-net", "ipam", "config"));
  for (const key of ["subnet", "gateway", "ip_range"])
    add(`${key} of kong-net`, at(subnets[0], key));
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
      const to = destination(String(at(route, "to")), String(via ?? "::"));
      if (via === undefined) facts.set(`a route to ${to} on ${name}`, THERE);
      else facts.set(`the gateway of ${to} on ${name}`, normal(String(via)));
    }
    if (/^(true|yes|on|y)$/i.test(String(at(uplink, "accept-ra"))))
      facts.set(`accept-ra: true on ${name}`, THERE);
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
