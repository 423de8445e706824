import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { buildOnce, CACHE, removeOthers } from "./cache.ts";
import { aptInstall, debootstrap, DPKG_SETTINGS } from "./debian.ts";
import { debianMirror } from "./mirror.ts";
import { must } from "./run.ts";
import { installTools } from "./tools.ts";

/** The three generations of netplan, Docker, Compose and systemd in Debian. */
export const GENERATIONS = ["bookworm", "trixie", "sid"] as const;
export type Generation = (typeof GENERATIONS)[number];

/** A Debian tree on disk. It is never changed: use it through `inRoot`, `overlay` or `bootHost`. */
export interface Root {
  generation: Generation;
  /** The suite that was really installed: forky replaces sid on days when sid can't be installed. */
  suite: string;
  path: string;
  versions: Versions;
}

/** The versions of the programs' packages. */
export type Versions = Record<
  "docker" | "compose" | "netplan" | "systemd" | "ufw" | "ndppd",
  string
>;

/** The packages of a rented server with Docker, and none that would hide a missing dependency of the scripts. */
const PACKAGES = (
  "systemd systemd-sysv dbus udev netplan.io ufw ndppd " +
  "iproute2 iptables nftables procps curl iputils-ping ca-certificates " +
  "docker.io docker-compose"
).split(" ");

/** From trixie on the docker command is a separate package. */
const packagesOf = (suite: string) =>
  suite === "bookworm" ? PACKAGES : [...PACKAGES, "docker-cli"];

/** Increase it if more than the packages changes in how a root is built. */
const RECIPE = 1;

const pathOf = (generation: Generation) => {
  const key = JSON.stringify([RECIPE, packagesOf(generation)]);
  const stamp = createHash("sha256").update(key).digest("hex").slice(0, 12);
  return join(CACHE, "roots", `${generation}-${stamp}`);
};

/** The cached root of a generation. Builds it if there is none (about half a minute, needs the mirror). */
export async function rootOf(generation: Generation): Promise<Root> {
  await installTools();
  const path = await buildOnce(pathOf(generation), (temporary) =>
    build(generation, temporary),
  );
  const suite = (await readFile(join(path, "etc/lab-suite"), "utf8")).trim();
  return { generation, suite, path, versions: await versionsOf(path) };
}

/** Several roots, two at a time (the lab's machines have two cores), in the order asked for. */
export async function rootsOf(
  generations: readonly Generation[] = GENERATIONS,
): Promise<Root[]> {
  const roots: Root[] = [];
  for (let first = 0; first < generations.length; first += 2)
    roots.push(
      ...(await Promise.all(generations.slice(first, first + 2).map(rootOf))),
    );
  return roots;
}

/** One line for reports: `sid: docker 28.5.2…, compose 2.40.3…, …`. */
export function describeRoot({ generation, suite, versions }: Root): string {
  const name = generation === suite ? generation : `${generation} (${suite})`;
  return `${name}: ${Object.entries(versions)
    .map((pair) => pair.join(" "))
    .join(", ")}`;
}

async function build(generation: Generation, target: string): Promise<void> {
  try {
    await install(generation, target);
  } catch (error) {
    if (generation !== "sid") throw error;
    console.warn(`lab: no sid today, taking forky: ${String(error)}`);
    await rm(target, { recursive: true, force: true });
    await install("forky", target);
  }
  const current = basename(pathOf(generation));
  await removeOthers(join(CACHE, "roots"), `${generation}-`, current);
}

async function install(suite: string, root: string): Promise<void> {
  await debootstrap(suite, root);
  if (suite === "forky") await addSuite(root, "trixie", "ndppd");
  await aptInstall(suite, root, packagesOf(suite));
  await rm(join(root, DPKG_SETTINGS));
  await finish(root, suite);
}

/** Installs one package, and only that one, from a second suite (apt_preferences). */
async function addSuite(
  root: string,
  suite: string,
  name: string,
): Promise<void> {
  const mirror = await debianMirror();
  await writeFile(
    join(root, "etc/apt/sources.list.d/second.list"),
    `deb ${mirror} ${suite} main\n`,
  );
  const pins = [
    `Package: *\nPin: release n=${suite}\nPin-Priority: 1`,
    `Package: ${name}\nPin: release n=${suite}\nPin-Priority: 500`,
  ];
  await writeFile(
    join(root, "etc/apt/preferences.d/second"),
    `${pins.join("\n\n")}\n`,
  );
}

/** Removes what would make two hosts identical, and what a host gets from its own lab. */
async function finish(root: string, suite: string): Promise<void> {
  await writeFile(join(root, "etc/machine-id"), "");
  await rm(join(root, "var/lib/dbus/machine-id"), { force: true });
  await rm(join(root, "etc/resolv.conf"), { force: true });
  await writeFile(join(root, "etc/resolv.conf"), "");
  await writeFile(join(root, "etc/hostname"), "host\n");
  await writeFile(
    join(root, "etc/hosts"),
    "127.0.0.1 localhost host\n::1 localhost\n",
  );
  await writeFile(join(root, "etc/lab-suite"), `${suite}\n`);
}

async function versionsOf(root: string): Promise<Versions> {
  const query = [
    "dpkg-query",
    `--admindir=${join(root, "var/lib/dpkg")}`,
    "-W",
    "-f=${Package} ${Version}\\n",
  ];
  const all = new Map(
    (await must(query))
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  const of = (name: string) => all.get(name) ?? "missing";
  return {
    docker: of("docker.io"),
    compose: of("docker-compose"),
    netplan: of("netplan.io"),
    systemd: of("systemd"),
    ufw: of("ufw"),
    ndppd: of("ndppd"),
  };
}
