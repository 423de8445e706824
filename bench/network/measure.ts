import { readdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../test/e2e/lab/lab.ts";
import { ORIGINS, type Servers, servers, type Way, WAYS } from "./ways.ts";

/** What one way did in one round. */
export interface Sample {
  /** Requests a second over kept connections; latencies in milliseconds. */
  requests: number;
  loadedP50: number;
  loadedP99: number;
  /** One request after another. */
  aloneP50: number;
  aloneP99: number;
  /** Requests a second, each on a connection of its own. */
  connections: number;
  /** Of one download. */
  megabits: number;
  /** CPU seconds, all programs of the path together. */
  cpuRequests: number;
  cpuConnections: number;
  cpuGigabyte: number;
}
export type Round = Record<Way, Sample>;

/** What all slices together took and met. */
export interface Totals {
  requests: number;
  failed: number;
  /** Part of the machine's CPU time that went to programs not of the bench. */
  others: number;
}

export const CONNECTIONS = 32;
const SECONDS = 1;
const WRK_SCRIPT = fileURLToPath(new URL("wrk.lua", import.meta.url));
/** USER_HZ, in which the kernel counts for programs. */
const TICKS = 100;

/** Measures the ways in turn, slice after slice, so that what else the machine does meets all of them alike. */
export class Bench {
  readonly #lab: Lab;
  readonly #servers: Record<Way, Servers>;
  #requests = 0;
  #failed = 0;
  #ours = 0;
  #busy = 0;
  #seconds = 0;

  private constructor(lab: Lab, of: Record<Way, Servers>) {
    this.#lab = lab;
    this.#servers = of;
  }

  static async open(lab: Lab): Promise<Bench> {
    const of: Partial<Record<Way, Servers>> = {};
    for (const way of WAYS) of[way] = await servers(lab, way);
    return new Bench(lab, of as Record<Way, Servers>);
  }

  /** Each slice in the order given: who begins should change from round to round. */
  async round(order: readonly Way[]): Promise<Round> {
    const samples = { routed: {}, nat66: {}, proxy: {}, host: {} } as Round;
    const each = async (slice: (way: Way) => Promise<Partial<Sample>>) => {
      for (const way of order) Object.assign(samples[way], await slice(way));
    };
    await each(async (way) => {
      const { perSecond, p50, p99, cpu } = await this.#wrk(way, CONNECTIONS);
      return {
        requests: perSecond,
        loadedP50: p50,
        loadedP99: p99,
        cpuRequests: cpu,
      };
    });
    await each(async (way) => {
      const { p50, p99 } = await this.#wrk(way, 1);
      return { aloneP50: p50, aloneP99: p99 };
    });
    await each(async (way) => {
      const close = ["-H", "Connection: close"];
      const { perSecond, cpu } = await this.#wrk(way, CONNECTIONS, close);
      return { connections: perSecond, cpuConnections: cpu };
    });
    await each((way) => this.#download(way));
    return samples;
  }

  get totals(): Totals {
    const others = (this.#busy - this.#ours) / (this.#seconds * cpus().length);
    return { requests: this.#requests, failed: this.#failed, others };
  }

  /** wrk for a second; its CPU is that of 10,000 requests. */
  async #wrk(way: Way, connections: number, more: string[] = []) {
    const { stdout, cpu } = await this.#timed(way, [
      ..."wrk --threads 1 --latency --timeout 5s".split(" "),
      `--connections=${connections}`,
      `--duration=${SECONDS}s`,
      `--script=${WRK_SCRIPT}`,
      ...more,
      `${ORIGINS[way]}/client`,
    ]);
    const said = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<
      "requests" | "microseconds" | "failed" | "p50" | "p99",
      number
    >;
    this.#requests += said.requests;
    this.#failed += said.failed;
    return {
      perSecond: said.requests / (said.microseconds / 1e6),
      p50: said.p50 / 1000,
      p99: said.p99 / 1000,
      cpu: (cpu / said.requests) * 10_000,
    };
  }

  /** As much of a gigabyte as comes within a second. */
  async #download(way: Way): Promise<Partial<Sample>> {
    const { stdout, cpu } = await this.#timed(way, [
      ..."curl --globoff --silent --output /dev/null --max-time".split(" "),
      String(SECONDS),
      "--write-out",
      "%{http_code} %{size_download} %{time_starttransfer} %{time_total}",
      `${ORIGINS[way]}/large`,
    ]);
    const [status, bytes, first, last] = stdout.split(" ").map(Number) as [
      number,
      number,
      number,
      number,
    ];
    this.#requests++;
    if (status !== 200) this.#failed++;
    return {
      megabits: (bytes * 8) / (last - first) / 1e6,
      cpuGigabyte: cpu / (bytes / 1e9),
    };
  }

  /** Runs the client; tells what it, the way's servers and the kernel's threads for packets took. */
  async #timed(way: Way, argv: string[]) {
    const timed = `TIMEFORMAT="%U %S"; time "$@"`;
    const before = await this.#clocks(way);
    const { stdout, stderr } = await this.#lab.topology.client.run(
      ["bash", "-c", timed, "bench", ...argv],
      { timeoutMs: 20_000 },
    );
    const after = await this.#clocks(way);
    const client = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
    const cpu =
      client[0]! + client[1]! + (after.servers - before.servers) / TICKS;
    this.#ours += cpu;
    this.#busy += (after.busy - before.busy) / TICKS;
    this.#seconds += (after.at - before.at) / 1000;
    return { stdout, cpu };
  }

  async #clocks(way: Way) {
    const { gateway, proxy } = this.#servers[way];
    const files = [...gateway, ...proxy].map((pid) => `/proc/${pid}/stat`);
    const lines = await this.#lab.host.must(["cat", ...files]);
    const machine = await readFile("/proc/stat", "utf8");
    const [user, nice, system, , , irq, softirq] = machine
      .split(/\s+/)
      .slice(1)
      .map(Number) as number[];
    return {
      servers: ticksOf(lines) + (await ksoftirqd()),
      busy: user! + nice! + system! + irq! + softirq!,
      at: Date.now(),
    };
  }
}

/** utime and stime of each line, proc_pid_stat(5); a program's name may hold blanks. */
const ticksOf = (lines: string): number =>
  lines
    .trim()
    .split("\n")
    .map((line) => line.slice(line.lastIndexOf(")") + 2).split(" "))
    .reduce((sum, field) => sum + Number(field[11]) + Number(field[12]), 0);

/** What the kernel's threads took that handle packets when no program does. */
async function ksoftirqd(): Promise<number> {
  softirqThreads ??= await findSoftirqThreads();
  const stats = softirqThreads.map((pid) =>
    readFile(`/proc/${pid}/stat`, "utf8"),
  );
  return ticksOf((await Promise.all(stats)).join(""));
}
let softirqThreads: string[] | undefined;

async function findSoftirqThreads(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (name.startsWith("ksoftirqd/")) found.push(pid);
  }
  return found;
}
