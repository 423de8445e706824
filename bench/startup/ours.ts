import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./measure.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const PREFIX = ["--prefix", "2a03:2222:3333:4444::/64"];
const NEXT = ["--prefix", "2a03:5555:6666:7777::/64"];

/** What each way to call the command may take, as a ratio to `node -e 0`. */
export const TARGETS: Readonly<Record<string, number>> = {
  "--help": 1.15,
  "--version": 1.15,
  "create --yes": 1.5,
  regenerate: 1.8,
  "an error": 1.3,
  "first prompt": 2,
};

/** The built command's cases, all in one scratch folder. */
export function ours(folder: string): Case[] {
  const edited = editedRepository(folder);
  const fresh = (): string => join(mkdtempSync(join(folder, "run-")), "gw");
  const of = (
    name: string,
    prepare: () => readonly string[],
    more: Partial<Case> = {},
  ): Case => ({
    name,
    cwd: folder,
    prepare: () => [CLI, ...prepare()],
    ...more,
  });
  return [
    of("--help", () => ["--help"]),
    of("--version", () => ["--version"]),
    of("create --yes", () => [fresh(), ...PREFIX, "--yes"]),
    of("regenerate", () => {
      const copy = fresh();
      cpSync(edited, copy, { recursive: true });
      return ["regenerate", copy, ...NEXT];
    }),
    of("an error", () => ["gw", "--prefix", "fd00::/64", "--dry-run"], {
      code: 2,
    }),
    of("first prompt", () => [fresh()], { until: "IPv6 prefix" }),
  ];
}

/** A repository with an owner's edits in four formats. */
function editedRepository(folder: string): string {
  const directory = join(folder, "edited");
  const { status, stderr } = spawnSync(
    process.execPath,
    [CLI, directory, ...PREFIX, "--yes"],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  const compose = join(directory, "docker-compose.yml");
  const services = "services:\n  mine:\n    image: nginx\n";
  writeFileSync(
    compose,
    readFileSync(compose, "utf8").replace("services:\n", services),
  );
  appendFileSync(join(directory, "README.md"), "\nMine.\n");
  appendFileSync(
    join(directory, "host/etc/ndppd.conf"),
    "# mine: 2a03:2222:3333:4444::77\n",
  );
  appendFileSync(join(directory, "scripts/verify.sh"), "# mine\n");
  return directory;
}
