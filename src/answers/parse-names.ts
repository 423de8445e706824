import { domainToASCII } from "node:url";
import { Refusal } from "../ip/address.ts";

// Free text ends up in YAML, shell, nftables, systemd units and a Dockerfile. Instead of a quoting
// rule for each of them, every name is held to the characters that mean themselves in all of them.

/** Linux IFNAMSIZ: 15 characters (linux/if.h). */
const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;

/** Words of ufw's rules: `in on out` it takes for something else than an interface (ufw 0.36 parser.py). */
const UFW_WORDS = "app comment from in log log-all out port proto to".split(
  " ",
);

/** Names that are no uplink, or mean something else to sysctl, ufw or nftables. */
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
      "it is not an uplink, or means something else to sysctl or ufw",
      remedy,
    );
  return text;
}

/** `--network`: a Docker network name (moby daemon/names). @throws Refusal */
export function parseNetwork(text: string): string {
  const remedy = "A name like ipv6_exposed would do";
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}$/.test(text)) {
    throw new Refusal(
      "it has not 2 to 63 letters, digits, . _ - (no sign first)",
      remedy,
    );
  }
  if (
    ["bridge", "host", "none", "default", "container"].includes(
      text.toLowerCase(),
    )
  ) {
    throw new Refusal("Docker keeps that name for itself", remedy);
  }
  if (NOT_AN_UPLINK.includes(text)) {
    throw new Refusal(
      "its bridge's name is taken, or means more to sysctl or ufw",
      remedy,
    );
  }
  if (text === "kong-ipv6_kong-net") {
    throw new Refusal("docker compose gives that name to kong-net", remedy);
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
        : "A name like gateway.example.com would do",
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

/** What speaks against an image that may be of another kind than the Dockerfile is made for. */
export function imageDoubt(text: string): string | undefined {
  const [name = "", tag = ""] = nameAndTag(text);
  if (/\balpine\b/.test(tag))
    return "it is an Alpine image, and kong-build/Dockerfile installs with apt-get";
  const official = /^(?:docker\.io\/)?(?:library\/)?kong$/.test(name);
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(tag) ?? [];
  if (!official || major === undefined) return undefined;
  // A tag like 3 is the newest of its kind.
  const newest = minor === undefined && Number(major) >= 3;
  const old = Number(major) * 1000 + Number(minor ?? 0) < 3006;
  return old && !newest
    ? "it is older than Kong 3.6, whose image and status API the health check is made for"
    : undefined;
}

/** Name and tag of an image reference; a registry's port is no tag. */
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
      "none, for no plugin at all, stands alone",
      "Give plugins by name, or none",
    );
  if (text === "kong-plugin-")
    throw new Refusal("no plugin's name stands behind kong-plugin-", remedy);
  return text;
}

/** What the generated repository holds itself at its top, where data can't go too. */
const TAKEN = [
  "host",
  "scripts",
  "kong-build",
  "README.md",
  "docker-compose.yml",
  "kong.yml",
];

/** What belongs to the system, or doesn't outlive a reboot (hier(7)). */
const SYSTEM =
  /^\/(?:(?:bin|boot|dev|etc|lib|lib32|lib64|proc|run|sbin|sys|tmp|usr|var\/lock|var\/run|var\/tmp)(?:\/.*)?|home|media|mnt|opt|root|srv|var)?$/;

/** Where the printed command copies the repository to. */
const ON_SERVER = "/opt/kong-ipv6";

/** What others write and clear there. */
const OTHERS: Readonly<Record<string, string>> = {
  "/var/lib/docker": "Docker itself",
  "/var/lib/containerd": "containerd itself",
  // scripts/lib/state.sh: what rollback.sh puts back.
  "/var/lib/kong-ipv6": "scripts/apply.sh",
  // The printed command's --backup-dir.
  [`${ON_SERVER}.replaced`]: "the copying of the repository",
};

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/** `--data-dir`: an absolute path, or a relative one (from the repository) as `./data`. @throws Refusal */
export function parseDataDir(text: string): string {
  const remedy = "A path like ./data or /srv/kong would do";
  if (!/^[A-Za-z0-9._/@+-]{1,200}$/.test(text)) {
    throw new Refusal(
      "a path may have letters, digits and . _ / @ + - only",
      remedy,
    );
  }
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes(".."))
    throw new Refusal('its ".." climbs elsewhere', remedy);
  if (parts.some((part) => part.startsWith("-"))) {
    throw new Refusal("a part of it starts with a dash", remedy);
  }
  if (text.startsWith("/")) {
    const path = `/${parts.join("/")}`;
    const other = Object.keys(OTHERS).find((taken) => isWithin(path, taken));
    if (other !== undefined)
      throw new Refusal(`${OTHERS[other]} keeps its own there`, remedy);
    if (isWithin(path, ON_SERVER)) {
      const rest = path.slice(ON_SERVER.length);
      throw new Refusal(
        "the repository itself is copied there",
        rest === "" ? remedy : `.${rest} is that place`,
      );
    }
    if (SYSTEM.test(path))
      throw new Refusal(
        "it belongs to the system itself or is emptied at a reboot (hier(7))",
        remedy,
      );
    return path;
  }
  const top = parts[0];
  if (top === undefined || top.startsWith(".") || TAKEN.includes(top)) {
    throw new Refusal(
      "it is the repository's own, not a place for data",
      remedy,
    );
  }
  return `./${parts.join("/")}`;
}

/** An IPv6 literal, as ssh takes it. */
const SSH_IPV6 = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Fa-f:.]{2,45})$/;

/**
 * `--ssh [USER@]HOST`: a name of ssh's configuration, a host name, an address. No character in it that
 * ssh's options and %-tokens, or a shell in a ProxyCommand, take for something else (CVE-2023-51385).
 * @throws Refusal
 */
export function parseSshTarget(text: string): string {
  const remedy =
    "Write it like root@server.example.com; port and key go into ~/.ssh/config";
  const at = text.lastIndexOf("@");
  const user = at < 0 ? "root" : text.slice(0, at);
  const host = text.slice(at + 1);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(user))
    throw new Refusal("its user is no plain name", remedy);
  const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/.test(host);
  if (!plain && !(host.includes(":") && SSH_IPV6.test(host)))
    throw new Refusal("its host is no plain name or address", remedy);
  return text;
}
