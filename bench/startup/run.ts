import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { interleaved, median, type Case } from "./measure.ts";
import { ours } from "./ours.ts";
import { firstCall, type FirstCall } from "./packages.ts";
import { layOut, PEERS } from "./peers.ts";
import { page, type Row } from "./report.ts";

/**
 * `npm run bench`: the built command against its peers, each process as a whole, interleaved. Prints
 * the page and writes docs/benchmarks.md. BENCH_ROUNDS sets the rounds.
 */

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 25);
const NODE = "node -e 0";

const scratch = mkdtempSync(join(tmpdir(), "kong-ipv6-bench-"));
try {
  const peers = join(scratch, "peers");
  mkdirSync(peers);
  const versions = install(peers);
  const cases: Case[] = [
    { name: NODE, cwd: scratch, prepare: () => ["-e", "0"] },
    ...ours(scratch),
    ...PEERS.flatMap(({ name, bin, help, create }): Case[] => {
      const program = join(peers, "node_modules", bin);
      let count = 0;
      return [
        {
          name: `${name} --help`,
          cwd: peers,
          prepare: () => [program, ...help],
        },
        {
          name: `${name} create`,
          cwd: peers,
          prepare: () => [program, ...create(`${name}-${(count += 1)}`)],
        },
      ];
    }),
  ];
  const before = loadavg()[0] as number;
  const times = await interleaved(cases, ROUNDS);
  const base = median(times.get(NODE) as number[]);
  const rows = [...times].map(([name, values]): Row => ({
    name,
    milliseconds: median(values),
    ratio: median(values) / base,
  }));
  const text = page({
    rows,
    rounds: ROUNDS,
    calls: firstCalls(versions, scratch),
    versions,
    machine: `Node ${process.version}, ${availableParallelism()} processors, load ${before.toFixed(1)} before the run`,
  });
  console.log(text);
  // The section of bench/fleet stays.
  const path = join(ROOT, "docs/benchmarks.md");
  const [, fleet] = readFileSync(path, "utf8").split("\n## A fleet\n");
  writeFileSync(path, fleet ? `${text}\n## A fleet\n${fleet}` : text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Installs the newest peers. @returns their versions by name */
function install(folder: string): Map<string, string> {
  writeFileSync(join(folder, "package.json"), "{}");
  layOut(folder);
  const names = PEERS.map(({ name }) => name);
  npm(folder, "install", "--silent", "--no-audit", "--no-fund", ...names);
  return new Map(
    names.map((name) => {
      const path = join(folder, "node_modules", name, "package.json");
      const { version } = JSON.parse(readFileSync(path, "utf8")) as {
        version: string;
      };
      return [name, version];
    }),
  );
}

function firstCalls(
  versions: ReadonlyMap<string, string>,
  folder: string,
): FirstCall[] {
  const pack = join(folder, "pack");
  mkdirSync(pack);
  const out = npm(ROOT, "pack", "--json", "--pack-destination", pack);
  const [packed] = JSON.parse(out.slice(out.indexOf("["))) as [
    { filename: string },
  ];
  return [
    firstCall("create-kong-ipv6", join(pack, packed.filename), folder),
    ...[...versions].map(([name, version]) =>
      firstCall(name, `${name}@${version}`, folder),
    ),
  ];
}

function npm(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("npm", args, {
    cwd,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")}: ${stderr}`);
  return stdout;
}
