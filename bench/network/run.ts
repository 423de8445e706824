import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release } from "node:os";
import { gunzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { openLab } from "../../test/e2e/lab/lab.ts";
import { describeRoot, rootOf } from "../../test/e2e/lab/roots.ts";
import { must, run } from "../../test/e2e/lab/run.ts";
import { CLIENT } from "../../test/e2e/lab/topology.ts";
import { Bench, type Round } from "./measure.ts";
import { chart, type Findings, markdown, table } from "./report.ts";
import {
  clientSeen,
  openWays,
  outgoingSeen,
  TOPOLOGY,
  type Way,
  WAYS,
} from "./ways.ts";

/**
 * `npm run bench:network`: root on Debian, under four minutes once the lab's caches are filled. Prints a table and
 * writes docs/network.md and docs/network.svg.
 */

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
/** On a machine busy with other things rounds take longer: then there are fewer. */
const ROUNDS = 12;
const LAST_BEGINS_MS = 180_000;
/** Each way begins, and each comes before and after each other one. */
const ORDERS = WAYS.flatMap((_, first) => {
  const order = [...WAYS.slice(first), ...WAYS.slice(0, first)];
  return [order, order.toReversed()];
});

await installWrk();
const begun = Date.now();
// Of Debian's engines, only the newest supports all ways.
const root = await rootOf("sid");
console.log(describeRoot(root));
const lab = await openLab(root, TOPOLOGY);
try {
  await openWays(lab);
  const each = async (look: (way: Way) => Promise<string>) => {
    const found: Partial<Record<Way, string>> = {};
    for (const way of WAYS) found[way] = await look(way);
    return found as Record<Way, string>;
  };
  const seen = await each((way) => clientSeen(lab, way));
  const outgoing = await each((way) => outgoingSeen(lab, way, CLIENT.ipv6));
  const bench = await Bench.open(lab);
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS && Date.now() < begun + LAST_BEGINS_MS) {
    rounds.push(await bench.round(ORDERS[rounds.length % ORDERS.length]!));
    console.log(`round ${rounds.length} of ${ROUNDS}`);
  }
  const findings: Findings = {
    date: new Date().toISOString().slice(0, 10),
    root: describeRoot(root),
    kernel: release(),
    interruptTime: await interruptTime(),
    machine: `${availableParallelism()} cores, ${cpus()[0]!.model}`,
    seen,
    outgoing,
    rounds,
    totals: bench.totals,
  };
  await mkdir(DOCS, { recursive: true });
  await writeFile(`${DOCS}network.md`, markdown(findings));
  await writeFile(`${DOCS}network.svg`, chart(findings));
  console.log(`\n${table(findings)}`);
} finally {
  await lab.close();
}

async function interruptTime(): Promise<Findings["interruptTime"]> {
  const settings = await readFile("/proc/config.gz").catch(() => undefined);
  if (!settings) return "unknown";
  const on = /^CONFIG_IRQ_TIME_ACCOUNTING=y$/m;
  return on.test(gunzipSync(settings).toString()) ? "on" : "off";
}

async function installWrk(): Promise<void> {
  if (existsSync("/usr/bin/wrk")) return;
  console.log("wrk isn't on this machine: apt-get installs it");
  await run(["apt-get", "-qq", "update"]);
  await must("apt-get -qq install -y --no-install-recommends wrk".split(" "), {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}
