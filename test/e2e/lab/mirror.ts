import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** One apt archive: its address, and the suites that are used from it. */
export interface Archive {
  uri: string;
  suites: string[];
}

/**
 * The Debian mirror that this machine itself installs from: the archive among its apt sources that holds its own
 * release. The lab takes every suite from there, so no mirror is named in this repository.
 */
export async function debianMirror(etc = "/etc"): Promise<string> {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(
    await readFile(join(etc, "os-release"), "utf8"),
  )?.[1];
  const archives = await aptArchives(join(etc, "apt"));
  const own = archives.find(
    ({ suites }) => codename !== undefined && suites.includes(codename),
  );
  if (!own)
    throw new Error(
      `no apt source under ${etc}/apt holds this machine's release (${codename ?? "unknown"})`,
    );
  return own.uri;
}

/** All binary archives of /etc/apt/sources.list and sources.list.d, in both formats (man sources.list). */
export async function aptArchives(aptDirectory: string): Promise<Archive[]> {
  const folder = join(aptDirectory, "sources.list.d");
  const parts = (await readdir(folder).catch(() => []))
    .sort()
    .map((name) => join(folder, name));
  const archives: Archive[] = [];
  for (const path of [join(aptDirectory, "sources.list"), ...parts]) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (path.endsWith(".sources")) archives.push(...deb822(text));
    else if (path.endsWith(".list")) archives.push(...oneLine(text));
  }
  return archives;
}

function deb822(text: string): Archive[] {
  return text
    .split(/\n\s*\n/)
    .map((stanza) => stanza.replace(/^#.*\n?/gm, ""))
    .flatMap((stanza) => {
      const field = (name: string) =>
        new RegExp(`^${name}:\\s*(.*)`, "im")
          .exec(stanza)?.[1]
          ?.trim()
          .split(/\s+/) ?? [];
      if (!field("Types").includes("deb") || field("Enabled")[0] === "no")
        return [];
      return field("URIs").map((uri) => ({ uri, suites: field("Suites") }));
    });
}

function oneLine(text: string): Archive[] {
  return [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/gm)].map(
    ([, uri, suite]) => ({
      uri: uri!,
      suites: [suite!],
    }),
  );
}
