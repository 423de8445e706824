import { domainToASCII } from "node:url";
import { Refusal } from "../base/errors.ts";

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
  if (text === "none") return text;
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

/** `--kong-image`: an image reference (distribution/reference grammar). @throws Refusal */
export function parseImage(text: string): string {
  const host = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?";
  const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
  const reference = new RegExp(
    `^(?:${host}/)?${part}(?:/${part})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
  );
  if (text.length > 255 || !reference.test(text)) {
    throw new Refusal(
      "it is not an image reference",
      "Write it like kong:3.9.3",
    );
  }
  return text;
}

/** Why an image may not work with the generated Dockerfile; undefined if nothing is known against it. */
export function imageDoubt(text: string): string | undefined {
  const [name = "", tag = ""] = nameAndTag(text);
  if (/\balpine\b/.test(tag))
    return "it is an Alpine image, and kong-build/Dockerfile installs with apt-get";
  const official = /^(?:docker\.io\/)?(?:library\/)?kong$/.test(name);
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(tag) ?? [];
  if (!official || major === undefined) return undefined;
  // A tag like 3 is the newest 3.x.
  const newest = minor === undefined && Number(major) >= 3;
  const old = Number(major) * 1000 + Number(minor ?? 0) < 3006;
  return old && !newest
    ? "it is older than Kong 3.6: the health check needs the image and status API of 3.6 or newer"
    : undefined;
}

/** Name and tag of an image reference. The port of a registry is not a tag. */
function nameAndTag(text: string): string[] {
  const [reference = ""] = text.split("@");
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/")
    ? [reference.slice(0, colon), reference.slice(colon + 1)]
    : [reference];
}

/** `--plugin`: the name of a rock (luarocks). @throws Refusal */
export function parsePlugin(text: string): string {
  const remedy =
    "Give the name that `luarocks install` takes, like kong-plugin-example";
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(text)) {
    throw new Refusal(
      "the name of a rock has only letters, digits, . _ -",
      remedy,
    );
  }
  if (/^none$/i.test(text))
    throw new Refusal(
      "none means no plugin at all and can't be combined with others",
      "Give plugins by name, or none",
    );
  if (text === "kong-plugin-")
    throw new Refusal("no plugin name follows kong-plugin-", remedy);
  return text;
}

/** Names at the top of the generated repository, which data must not use. */
const REPOSITORY_NAMES = [
  "host",
  "scripts",
  "kong-build",
  "README.md",
  "docker-compose.yml",
  "kong.yml",
];

/** Directories that belong to the system, or are emptied at a reboot (hier(7)). */
const SYSTEM =
  /^\/(?:(?:bin|boot|dev|etc|lib|lib32|lib64|proc|run|sbin|sys|tmp|usr|var\/lock|var\/run|var\/tmp)(?:\/.*)?|home|media|mnt|opt|root|srv|var)?$/;

/** The directory on the server to which the repository is copied. */
const ON_SERVER = "/opt/kong-ipv6";

/** Directories on the server that other programs write and clear. */
const OWNERS: Readonly<Record<string, string>> = {
  "/var/lib/docker": "Docker itself",
  "/var/lib/containerd": "containerd itself",
  // scripts/kong_ipv6/journal.py: what rollback.sh puts back.
  "/var/lib/kong-ipv6": "scripts/apply.sh",
  // The printed command's --backup-dir.
  [`${ON_SERVER}.replaced`]: "the copying of the repository",
};

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/** `--data-dir`: an absolute path, or a relative one (from the repository) as `./data`. @throws Refusal */
export function parseDataDir(text: string): string {
  const remedy = "Give a path like ./data or /srv/kong";
  if (!/^[A-Za-z0-9._/@+-]{1,200}$/.test(text)) {
    throw new Refusal(
      "a path has only letters, digits and . _ / @ + -",
      remedy,
    );
  }
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes(".."))
    throw new Refusal('it leaves its directory with ".."', remedy);
  if (parts.some((part) => part.startsWith("-"))) {
    throw new Refusal("a part of it starts with a dash", remedy);
  }
  if (text.startsWith("/")) {
    const path = `/${parts.join("/")}`;
    if (SYSTEM.test(path))
      throw new Refusal(
        "it belongs to the system, or is emptied at a reboot (hier(7))",
        remedy,
      );
    const other = Object.keys(OWNERS).find(
      (directory) => isWithin(path, directory) || isWithin(directory, path),
    );
    if (other !== undefined)
      throw new Refusal(`${OWNERS[other]} keeps its own data there`, remedy);
    if (isWithin(path, ON_SERVER)) {
      const rest = path.slice(ON_SERVER.length);
      throw new Refusal(
        "the repository itself is copied there",
        rest === "" ? remedy : `Try .${rest}; it is the same place`,
      );
    }
    return path;
  }
  const top = parts[0];
  if (
    top === undefined ||
    top.startsWith(".") ||
    REPOSITORY_NAMES.includes(top)
  ) {
    throw new Refusal("the repository itself uses this name", remedy);
  }
  return `./${parts.join("/")}`;
}

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
