import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "../../support/generate.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { type Lab, type LabOptions, openLab } from "../lab/lab.ts";
import { rootOf } from "../lab/roots.ts";
import type { Ran } from "../lab/run.ts";

export const PREFIX = "2001:db8:1:2::/64";
export const HOST = "2001:db8:1:2::2";
export const KONG = "2001:db8:1:2:300::8100";
export const REPOSITORY = "/srv/my-gateway";

/** A booted server with a freshly generated repository on it, nothing applied yet. */
export async function openServer(
  generation: "bookworm" | "trixie" | "sid",
  answers: Given = {},
  options: Partial<LabOptions> = {},
): Promise<Lab> {
  const lab = await openLab(await rootOf(generation), {
    prefix: PREFIX,
    ...options,
  });
  try {
    await bring(lab, answers);
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Generates a repository as the command does, and copies it over the one on the server. */
export async function bring({ host }: Lab, answers: Given = {}): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "kong-ipv6-server-"));
  try {
    const directory = join(work, "my-gateway");
    await generate(
      { prefix: PREFIX, ...answers },
      { directory, dryRun: false, conflict: "keep", git: false },
    );
    const kept = `[ ! -e ${REPOSITORY}/.env ] || cp -a ${REPOSITORY}/.env /root/kept.env`;
    await host.sh(`${kept}; rm -rf ${REPOSITORY}/host ${REPOSITORY}/scripts`);
    await host.copyIn(directory, REPOSITORY);
    await host.sh(
      `[ ! -e /root/kept.env ] || mv /root/kept.env ${REPOSITORY}/.env`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Runs one of the repository's scripts to its end. */
export const script = ({ host }: Lab, line: string): Promise<Ran> =>
  host.run(["bash", "-c", `exec ./scripts/${line}`], {
    cwd: REPOSITORY,
    timeoutMs: 240_000,
  });

let runs = 0;

/** A script that runs as a unit of the host's systemd. */
export interface Running {
  unit: string;
  /** What it has printed, to both outputs. */
  printed: () => Promise<string>;
}

/**
 * Starts one of the repository's scripts and waits until its output matches (grep -E). Throws where the script ends before
 * that: a test that interrupts a run has to meet it under way.
 */
export async function underWay(
  { host }: Lab,
  name: string,
  moment: string,
): Promise<Running> {
  const unit = `run${++runs}`;
  const output = `/run/${unit}.out`;
  await host.service(unit, [
    "bash",
    "-c",
    `exec ${REPOSITORY}/scripts/${name} >${output} 2>&1`,
  ]);
  await host.sh(
    `until grep -qsE '${moment}' ${output}; do
      systemctl is-active --quiet ${unit} || { echo '${name} ended before "${moment}":'; cat ${output}; exit 1; }
      sleep 0.02
    done`,
  );
  return { unit, printed: () => host.read(output) };
}

/** Everything in /etc, the state of apply.sh and rollback.sh, and the state that is not in files. */
export async function state({ host }: Lab): Promise<string> {
  const files = await host.snapshot("/etc");
  const rest = await host.sh(`
    ls -A /var/lib/kong-ipv6 2>&1 || :
    ip -o -4 addr show scope global | cut -d ' ' -f 2-8; ip -o -6 addr show scope global | cut -d ' ' -f 2-8
    ip route; ip -6 route show default; ip -6 neigh show proxy
    nft list tables | grep kong || :
    sysctl net.ipv6.conf.{all,default,ens3}.{forwarding,proxy_ndp} net.ipv6.neigh.ens3.proxy_delay
    docker network ls --format '{{.Name}}'; docker ps --all --quiet`);
  return [...files]
    .map((entry) => entry.join(" "))
    .concat(rest)
    .join("\n");
}

const PROXY = new URL("docker-proxy.py", import.meta.url);

/** Puts docker-proxy.py between Docker's clients and its socket. */
export async function dockerProxy(
  { host }: Lab,
  ...argv: string[]
): Promise<void> {
  await host.write("/root/docker-proxy.py", await readFile(PROXY, "utf8"));
  await host.sh("systemctl reset-failed docker-proxy 2>/dev/null || :");
  const command = ["python3", "/root/docker-proxy.py", ...argv];
  await host.service("docker-proxy", command);
  await host.sh(
    "until [ -S /run/docker-real.sock -a -S /run/docker.sock ]; do sleep 0.1; done",
  );
}
