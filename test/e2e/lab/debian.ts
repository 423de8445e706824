import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { APT_INSTALL } from "./apt.ts";
import { CACHE } from "./cache.ts";
import { debianMirror } from "./mirror.ts";
import { must } from "./run.ts";

/** dpkg's settings for the lab: no waiting for the disk, no documentation. */
export const DPKG_SETTINGS = "etc/dpkg/dpkg.cfg.d/lab";

/** The folder for a suite's downloaded packages. */
export async function debsOf(suite: string): Promise<string> {
  const debs = join(CACHE, "debs", suite);
  await mkdir(join(debs, "partial"), { recursive: true });
  return debs;
}

/** Installs a suite's smallest system into a folder, with this machine's mirror as its apt source. */
export async function debootstrap(suite: string, root: string): Promise<void> {
  const mirror = await debianMirror();
  const unread = ["doc", "man", "locale"].map(
    (name) => `path-exclude=/usr/share/${name}/*`,
  );
  await mkdir(join(root, "etc/dpkg/dpkg.cfg.d"), { recursive: true });
  await writeFile(
    join(root, DPKG_SETTINGS),
    ["force-unsafe-io", ...unread, ""].join("\n"),
  );
  const options = ["--variant=minbase", `--cache-dir=${await debsOf(suite)}`];
  // An older debootstrap has no script for a newer suite; all Debian suites share sid's.
  const scripts = "/usr/share/debootstrap/scripts";
  const script = existsSync(join(scripts, suite)) ? [] : [`${scripts}/sid`];
  await withoutName(mirror, () =>
    must(["debootstrap", ...options, suite, root, mirror, ...script]),
  );
  for (const left of ["var/lib/apt/lists", "var/cache/apt/archives"]) {
    await rm(join(root, left), { recursive: true, force: true });
    await mkdir(join(root, left, "partial"), { recursive: true });
  }
  await writeFile(
    join(root, "etc/apt/sources.list"),
    `deb ${mirror} ${suite} main\n`,
  );
}

/** Installs packages, without what they merely recommend, into a tree made by `debootstrap`. */
export async function aptInstall(
  suite: string,
  root: string,
  packages: readonly string[],
): Promise<void> {
  const script = `set -e\n${APT_INSTALL}\napt_install "$@"`;
  const argv = ["unshare", "--mount", "sh", "-c", script, "lab", root];
  const mirror = await debianMirror();
  await withoutName(mirror, async () =>
    must([...argv, await debsOf(suite), ...packages]),
  );
}

/** Removes the mirror's name, which does not belong in a report. */
export async function withoutName<T>(
  mirror: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(String(error).replaceAll(mirror, "<mirror>"));
  }
}
