import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../lab/lab.ts";
import { Probe, standingConnection } from "../lab/outside.ts";
import { HOST4, KONG } from "./cells.ts";
import type { Finding, Findings } from "./promises.ts";

/** What happens to a server over months, in seconds. */

const KONG_URL = `http://[${KONG}]/client`;

export const seconds = (milliseconds: number): number =>
  Math.round(milliseconds / 100) / 10;

/**
 * The longest time without an answer over IPv6 while something is done, the router's memory of Kong gone with it; until
 * answers come again, for at most a minute and a half.
 */
export async function longestGap(
  { topology }: Lab,
  act: () => Promise<unknown>,
): Promise<Finding & { probe: Probe }> {
  const probe = new Probe(topology.client, KONG_URL, { timeoutMs: 500 });
  await until(() => probe.firstAnswer(0) !== undefined, 5000);
  await act();
  await topology.flushNeighbours();
  const done = Date.now();
  const back = await until(() => probe.firstAnswer(done) !== undefined, 90_000);
  await probe.stop();
  const value = back ? seconds(probe.longestGap) : "not back";
  return { value, probe };
}

async function until(true_: () => boolean, patience: number): Promise<boolean> {
  const end = Date.now() + patience;
  while (!true_()) {
    if (Date.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** Off and on again: nothing is told to Docker or ndppd, and the router has forgotten where Kong is. */
export async function reboot(lab: Lab): Promise<Findings> {
  const { host, topology } = lab;
  const { value: gap, probe } = await longestGap(lab, async () => {
    await host.powerOff();
    await topology.flushNeighbours();
    await host.powerOn();
  });
  const first = probe.firstAnswer(host.poweredOnAt);
  const boot = first ? seconds(first - host.poweredOnAt) : "not back";
  return new Map([
    ["boot", { value: boot }],
    ["gap", { value: gap }],
  ]);
}

const PING_EVERY_MS = 20;

/** What an owner sees of the server itself while something is done: the session, and its IPv4. */
export async function watched(
  { host, topology }: Lab,
  act: () => Promise<unknown>,
): Promise<{ standing: Finding; ping: Finding }> {
  const session = await standingConnection(host, HOST4);
  const ping = topology.client.start([
    "ping",
    "-i",
    String(PING_EVERY_MS / 1000),
    HOST4,
  ]);
  let printed = "";
  ping.stdout!.on("data", (data: Buffer) => (printed += data.toString()));
  const ended = new Promise((resolve) => ping.once("close", resolve));
  try {
    await act();
  } finally {
    ping.kill("SIGINT");
    await ended;
  }
  const { broken, longestSilence } = await session.close();
  const answered = [...printed.matchAll(/icmp_seq=(\d+) ttl/g)].map(
    ([, sequence]) => Number(sequence),
  );
  // Between answers; what was under way when ping was stopped is not lost.
  const missing = answered.map(
    (sequence, index) => sequence - 1 - (answered[index - 1] ?? 0),
  );
  return {
    standing:
      broken === null
        ? { value: "held", detail: `silent for ${longestSilence} ms at most` }
        : { value: "broken", detail: broken },
    ping: {
      value:
        answered.length > 0
          ? (Math.max(...missing) * PING_EVERY_MS) / 1000
          : "no answer",
    },
  };
}
