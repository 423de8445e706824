import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../lab/lab.ts";
import { Probe, standingConnection } from "../lab/outside.ts";
import { HOST4, KONG } from "./cells.ts";
import type { Finding, Findings } from "./promises.ts";

/** Events in the life of a server, such as reboots and restarts; measured in seconds. */

const KONG_URL = `http://[${KONG}]/client`;

export const seconds = (milliseconds: number): number =>
  Math.round(milliseconds / 100) / 10;

/**
 * Does something, clears the router's neighbor cache, and measures the longest time without an answer over IPv6. Waits
 * for answers for at most a minute and a half.
 */
export async function longestGap(
  { topology }: Lab,
  act: () => Promise<unknown>,
): Promise<Finding & { probe: Probe }> {
  const probe = new Probe(topology.client, KONG_URL, { timeoutMs: 500 });
  if (!(await until(() => probe.firstAnswer(0) !== undefined, 20_000)))
    throw new Error("Kong did not answer before anything was done");
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

/** A power cut and a start: nothing is shut down, and the router has no neighbor entry for Kong. */
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

/** What an owner notices on the server itself while something is done: the ssh session, and IPv4. */
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
  const sent = Number(/(\d+) packets transmitted/.exec(printed)?.[1]);
  const missing = [...answered, sent + 1].map(
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
