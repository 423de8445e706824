import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What a package costs whoever calls it for the first time. */
export interface FirstCall {
  readonly name: string;
  /** Seconds of `npx NAME --help` with an empty cache. */
  readonly seconds: number;
  /** Bytes that it installed. */
  readonly bytes: number;
  /** Packages that it installed, itself among them. */
  readonly packages: number;
}

/** @param what a name with a version, or a packed tarball */
export function firstCall(
  name: string,
  what: string,
  folder: string,
): FirstCall {
  const empty = mkdtempSync(join(folder, "npx-"));
  const cache = join(empty, "cache");
  const from = Date.now();
  const { status, stderr } = spawnSync(
    "npx",
    ["--yes", "--cache", cache, "--package", what, name, "--help"],
    { cwd: empty, encoding: "utf8" },
  );
  const seconds = (Date.now() - from) / 1000;
  if (status !== 0) throw new Error(`npx ${what}: ${stderr}`);
  const files = readdirSync(join(cache, "_npx"), {
    recursive: true,
    withFileTypes: true,
  }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  const installed = paths.filter((path) => path.includes("/node_modules/"));
  return {
    name,
    seconds,
    bytes: installed.reduce((sum, path) => sum + statSync(path).size, 0),
    packages: installed.filter((path) =>
      /\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path),
    ).length,
  };
}
