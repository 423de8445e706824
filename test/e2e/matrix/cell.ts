import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "../../support/generate.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { Probe } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import type { Ran } from "../lab/run.ts";
import { answersOf, type Cell, KONG, PREFIX } from "./cells.ts";
import { addOverride, EXPOSE, exposedReached, UNEXPOSED } from "./exposed.ts";
import { longestGap, reboot, seconds, watched } from "./life.ts";
import type { Finding, Findings } from "./promises.ts";
import {
  addNeighbours,
  closed,
  overShortPath,
  reached,
  removeNeighbours,
} from "./reach.ts";

const REPOSITORY = "/srv/my-gateway";

/** The server of a cell, before anything is deployed. */
export async function openCell({
  generation,
  ufw,
  ndp,
  unlike,
}: Cell): Promise<Lab> {
  const lab = await openLab(await rootOf(generation), {
    prefix: PREFIX,
    delivery: ndp === "none" ? "routed" : "on-link",
    ...unlike?.topology,
    ...(unlike?.netplan && { netplan: unlike.netplan }),
    ...(unlike?.files && { files: await unlike.files() }),
  });
  let stop = (): void => undefined;
  const close = async (): Promise<void> => {
    stop();
    await lab.close();
  };
  try {
    if (unlike?.provider) stop = await unlike.provider(lab.topology.router);
    if (ufw) await lab.host.sh("ufw allow 22/tcp && ufw --force enable");
    return { ...lab, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Generates the cell's repository as the command does, and copies it to the server. */
export async function bring(cell: Cell, { host }: Lab): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "kong-ipv6-matrix-"));
  try {
    const directory = join(work, "my-gateway");
    await generate(
      { ...answersOf(cell), ...(cell.exposes && { expose: EXPOSE }) },
      { directory, dryRun: false, conflict: "keep", git: false },
    );
    if (cell.exposes) await addOverride(directory);
    await host.copyIn(directory, REPOSITORY);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const script = (lab: Lab, name: string): Promise<Ran> =>
  lab.host.run([`./scripts/${name}`], { cwd: REPOSITORY, timeoutMs: 240_000 });

/** Runs one of the repository's scripts, which has to succeed; in seconds. */
export async function timed(lab: Lab, name: string): Promise<Finding> {
  const begun = Date.now();
  const { code, stdout, stderr } = await script(lab, name);
  if (code !== 0) throw new Error(`${name}: exit ${code}\n${stdout}${stderr}`);
  return { value: seconds(Date.now() - begun), detail: stdout };
}

/** Measures all rows of a cell. Throws if a script fails: then there is nothing to measure. */
export async function measure(cell: Cell): Promise<Findings> {
  const lab = await openCell(cell);
  const findings: Findings = new Map();
  const add = (more: Findings) =>
    more.forEach((one, row) => findings.set(row, one));
  try {
    await bring(cell, lab);
    const before = cell.life ? await facts(lab) : undefined;
    const { standing, ping } = await watched(lab, async () => {
      findings.set("apply", await timed(lab, "apply.sh"));
      add(await again(lab));
    });
    findings.set("standing", standing).set("ping", ping);
    await addNeighbours(lab);
    add(await reached(lab));
    add(await closed(lab, undefined, cell.exposes ? UNEXPOSED : []));
    if (cell.exposes) findings.set("exposedReached", await exposedReached(lab));
    if (cell.life) add(await life(cell, lab));
    findings.set("mtu", await overShortPath(lab));
    if (before) {
      await removeNeighbours(lab);
      add(await rolledBack(lab, before));
    }
    return findings;
  } catch (error) {
    throw new Error(`${String(error)}\n${await journal(lab)}`, {
      cause: error,
    });
  } finally {
    await lab.close();
  }
}

export const journal = async ({ host }: Lab): Promise<string> =>
  (await host.run(["journalctl", "--no-pager", "-n", "40", "-o", "cat"]))
    .stdout;

/** Runs apply.sh a second time, with requests during the whole run. */
async function again(lab: Lab): Promise<Findings> {
  const before = await deployed(lab);
  const probe = new Probe(lab.topology.client, `http://[${KONG}]/client`);
  const took = await timed(lab, "apply.sh");
  await probe.stop();
  const after = await deployed(lab);
  return new Map<string, Finding>([
    ["again", took],
    [
      "unchanged",
      before === after
        ? { value: "unchanged" }
        : { value: "changed", detail: difference(before, after) },
    ],
    [
      "lost",
      {
        value:
          probe.lost === 0 ? "none" : `${probe.lost} of ${probe.beats.length}`,
      },
    ],
  ]);
}

/** Containers and when they were started, networks, Docker's start, and /etc. */
async function deployed({ host }: Lab): Promise<string> {
  const ids = await host.sh(`
    docker ps --all --quiet | xargs docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' | sort
    docker network ls --no-trunc --format '{{.Name}} {{.ID}}' | sort
    systemctl show --property ActiveEnterTimestampMonotonic,ExecMainPID docker`);
  return ids + text(await host.snapshot("/etc"));
}

/** Everything that rollback.sh must restore, besides /etc. An address may still be tentative: that takes a second. */
const REST = `
timeout 10 sh -c 'while ip -o address show scope global tentative | grep -qv docker0; do sleep 0.1; done'
ip -o address show scope global | grep -v ' docker0 ' | sed 's/ *valid_lft.*//; s/^[0-9]*: //' | sort
ip route | grep -v docker0 | sort; ip -6 route | grep -v docker0 | sed 's/ expires [^ ]*//' | sort
ip -6 neighbour show proxy
sysctl -a 2>/dev/null | grep -E '^net.ipv6.(conf.(all|default|[a-z0-9]*).(forwarding|proxy_ndp|accept_ra)|neigh.*proxy_delay)' | grep -v docker0 | sort
ufw show added; ufw status | head -n 1
nft --json list ruleset | python3 -c 'import json, sys; print(sorted({(rule["family"], rule["table"]) for part in json.load(sys.stdin)["nftables"] for rule in [part.get("rule")] if rule}))'
docker network ls --format '{{.Name}} {{.Driver}}' | sort
docker ps --all --format '{{.Names}}'
systemctl is-enabled ndppd kong-ipv6-firewall; systemctl is-active ndppd kong-ipv6-firewall
test -e /var/lib/kong-ipv6 && echo state is left
true`;

export async function facts({ host }: Lab) {
  return {
    etc: text(await host.snapshot("/etc")),
    rest: await host.must(["bash", "-c", REST]),
  };
}

const text = (files: Map<string, string>): string =>
  [...files]
    .map(([path, fact]) => `${path} ${fact}`)
    .sort()
    .join("\n");

/** Lines that only one of two texts has. */
function difference(before: string, after: string): string {
  const [old, now] = [before, after].map(
    (text) => new Set(text.split("\n")),
  ) as [Set<string>, Set<string>];
  const gone = [...old]
    .filter((line) => !now.has(line))
    .map((line) => `- ${line}`);
  const new_ = [...now]
    .filter((line) => !old.has(line))
    .map((line) => `+ ${line}`);
  return [...gone, ...new_].join("\n");
}

async function life({ ndp, exposes }: Cell, lab: Lab): Promise<Findings> {
  const { host } = lab;
  const findings = await reboot(lab);
  const gap = async (row: string, act: () => Promise<unknown>) =>
    findings.set(row, { value: (await longestGap(lab, act)).value });
  const compose = (rest: string) =>
    host.sh(
      `if docker compose version >/dev/null 2>&1; then docker compose ${rest}; else docker-compose ${rest}; fi`,
      {
        cwd: REPOSITORY,
      },
    );

  // Before the ports: a container that does not listen yet would seem closed.
  if (exposes)
    findings.set("exposedAfterBoot", await exposedReached(lab, 30_000));
  const unexposed = exposes ? UNEXPOSED : [];
  const open = [...(await closed(lab, undefined, unexposed))].filter(
    ([, { value }]) => value !== "closed",
  );
  findings.set(
    "closedAfterBoot",
    open.length === 0
      ? { value: "closed" }
      : { value: "OPEN", detail: JSON.stringify(open) },
  );
  await gap("restart", () => host.must(["systemctl", "restart", "docker"]));
  await gap("recreate", () =>
    compose("up --detach --no-deps --force-recreate kong"),
  );
  await gap("netplan", () => host.must(["netplan", "apply"]));
  if (ndp === "ndppd")
    await gap("ndppd", () =>
      host.sh("kill -KILL $(systemctl show --property MainPID --value ndppd)"),
    );
  await gap("downUp", async () => {
    await compose("down");
    await compose("up --detach");
  });
  return findings;
}

export async function rolledBack(
  lab: Lab,
  before: { etc: string; rest: string },
): Promise<Findings> {
  const findings: Findings = new Map();
  const { standing, ping } = await watched(lab, async () => {
    findings.set("rollback", await timed(lab, "rollback.sh"));
  });
  findings.set("standingBack", standing).set("pingBack", ping);
  const after = await facts(lab);
  for (const row of ["etc", "rest"] as const)
    findings.set(
      row,
      before[row] === after[row]
        ? { value: "as before" }
        : { value: "different", detail: difference(before[row], after[row]) },
    );
  return findings;
}
