import { Refusal } from "../base/errors.ts";

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

/** Those of the system where a trial's files are fine. */
const TEMPORARY = /^\/(?:tmp|var\/tmp|dev\/shm)\//;

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/** Why a directory on the server is not for the repository, or its data; undefined if it is. */
function ownedBy(path: string): string | undefined {
  if (SYSTEM.test(path))
    return "it belongs to the system, or is emptied at a reboot (hier(7))";
  const other = Object.keys(OWNERS).find(
    (directory) => isWithin(path, directory) || isWithin(directory, path),
  );
  return other && `${OWNERS[other]} keeps its own data there`;
}

/** As ownedBy(), for the repository itself. @param path absolute, and normal */
export const refusalOfPath = (path: string): string | undefined =>
  TEMPORARY.test(path) ? undefined : ownedBy(path);

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
    const reason = ownedBy(path);
    if (reason !== undefined) throw new Refusal(reason, remedy);
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
