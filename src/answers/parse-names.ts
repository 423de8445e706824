import { domainToASCII } from "node:url";
import { Refusal } from "../base/errors.ts";
import { keyword } from "./parse-addresses.ts";

// Names end up in YAML, shell, nftables, systemd units and a Dockerfile. Instead of quoting for each of
// them, every name is limited to characters that are literal in all of them.

/** Linux IFNAMSIZ: 15 characters (linux/if.h). */
const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;

/** Words of ufw's rule syntax: as an interface name ufw misreads them (ufw 0.36 parser.py). */
const UFW_WORDS = "app comment from in log log-all out port proto to".split(
  " ",
);

/** Names that are not an uplink, or have a special meaning in sysctl, ufw or nftables. */
const NOT_AN_UPLINK = ["lo", "all", "default", "docker0", "any", ...UFW_WORDS];

/** `--interface`. @throws Refusal */
export function parseInterface(text: string): string {
  const remedy = "Give the uplink's name as `ip link` prints it, like ens3";
  if (!INTERFACE.test(text)) {
    throw new Refusal(
      "an interface name has 1 to 15 letters, digits and . _ -",
      remedy,
    );
  }
  if (NOT_AN_UPLINK.includes(text))
    throw new Refusal(
      "it is not an uplink, or special to sysctl or ufw",
      remedy,
    );
  return text;
}

/** `--network`: a Docker network name (moby daemon/names). @throws Refusal */
export function parseNetwork(text: string): string {
  const remedy = "Give a name like ipv6_exposed";
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}$/.test(text)) {
    throw new Refusal(
      "it needs 2 to 63 letters, digits, . _ - (not . _ - first)",
      remedy,
    );
  }
  if (
    ["bridge", "host", "none", "default", "container"].includes(
      text.toLowerCase(),
    )
  ) {
    throw new Refusal("Docker reserves this name", remedy);
  }
  if (NOT_AN_UPLINK.includes(text)) {
    throw new Refusal(
      "its bridge's name is in use, or special to sysctl or ufw",
      remedy,
    );
  }
  if (text === "kong-ipv6_kong-net") {
    throw new Refusal("docker compose uses this name for kong-net", remedy);
  }
  return text;
}

/** `--domain`: a host name (RFC 1123 2.1, RFC 5890), lower case, without its final dot. @throws Refusal */
export function parseDomain(text: string): string {
  if (keyword(text, "none")) return "none";
  const name = text.toLowerCase().replace(/\.$/, "");
  const ascii = domainToASCII(name);
  const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
  const labels = name.split(".");
  const valid =
    name.length <= 253 &&
    labels.length > 1 &&
    labels.every((part) => label.test(part));
  if (!valid || /^\d+$/.test(labels.at(-1) ?? "")) {
    const idn = ascii !== "" && ascii !== name && /[^\0-\x7f]/.test(name);
    throw new Refusal(
      "it is not a fully qualified host name (RFC 1123)",
      idn
        ? `Write it in its ASCII form: ${ascii}`
        : "Give a name like gateway.example.com",
    );
  }
  return name;
}

/** `--plugin`: the name of a rock (luarocks), or ROCK=PLUGIN if the plugin has another name. @throws Refusal */
export function parsePlugin(text: string): string {
  const remedy =
    "Give the name that `luarocks install` takes, like kong-plugin-example, or ROCK=PLUGIN, like kong-oidc=oidc";
  const [rock = "", plugin] = text.split(/=(.*)/s);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(rock)) {
    throw new Refusal(
      "the name of a rock has only letters, digits, . _ -",
      remedy,
    );
  }
  if (plugin !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(plugin))
    throw new Refusal(
      "the name of a plugin has only letters, digits, _ -",
      remedy,
    );
  if (text === "kong-plugin-")
    throw new Refusal("no plugin name follows kong-plugin-", remedy);
  return plugin === pluginOf(rock) ? rock : text;
}

/** The plugin in a rock, if none is named. Kong's convention: kong-plugin-NAME contains NAME. */
export const pluginOf = (rock: string): string =>
  rock.replace(/^kong-plugin-/, "");

/** `--ssh`: `none`, or how the owner reaches the server. @throws Refusal */
export const parseSsh = (text: string): string =>
  keyword(text, "none") ?? parseSshTarget(text);

/** An IPv6 literal, as ssh takes it. */
const SSH_IPV6 = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Fa-f:.]{2,45})$/;

/**
 * `--ssh [USER@]HOST`: a name from ssh's configuration, a host name or an address. It has no character
 * that is special to ssh's options and %-tokens, or to a shell in a ProxyCommand (CVE-2023-51385).
 * @throws Refusal
 */
export function parseSshTarget(text: string): string {
  const remedy =
    "Write it like root@server.example.com; port and key go into ~/.ssh/config";
  const at = text.lastIndexOf("@");
  const user = at < 0 ? "root" : text.slice(0, at);
  const host = text.slice(at + 1);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(user))
    throw new Refusal("its user is not a plain name", remedy);
  const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/.test(host);
  if (!plain && !(host.includes(":") && SSH_IPV6.test(host)))
    throw new Refusal("its host is not a plain name or address", remedy);
  return text;
}
