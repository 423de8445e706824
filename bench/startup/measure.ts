import { spawn } from "node:child_process";
import { spawn as openTerminal } from "@lydell/node-pty";

/** One thing that is timed: a whole process, or in a terminal up to a text on the screen. */
export interface Case {
  readonly name: string;
  /** Makes a run ready, untimed. @returns what Node is called with */
  readonly prepare: () => readonly string[];
  readonly cwd: string;
  /** Timed until this is on the screen of a pseudo-terminal; else until the process has ended. */
  readonly until?: string;
  /** The exit code that it has to end with. */
  readonly code?: number;
}

/**
 * Every case once a round, in a new order each round: what a busy machine adds, it adds to all.
 * @returns milliseconds by case name
 */
export async function interleaved(
  cases: readonly Case[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const times = new Map(cases.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    const order = cases.map((one) => ({ one, place: Math.random() }));
    for (const { one } of order.sort((a, b) => a.place - b.place)) {
      const time = await timed(one);
      // The first round fills the caches.
      if (round > 0) times.get(one.name)?.push(time);
    }
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function timed(one: Case): Promise<number> {
  const args = one.prepare();
  const from = process.hrtime.bigint();
  if (one.until === undefined) await ended(one, args);
  else await shown(one, args, one.until);
  return Number(process.hrtime.bigint() - from) / 1e6;
}

async function ended(
  { name, cwd, code = 0 }: Case,
  args: readonly string[],
): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += String(data)));
  child.stderr.on("data", (data: Buffer) => (said += String(data)));
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== code)
    throw new Error(`${name} ended with ${String(status)}: ${said}`);
}

async function shown(
  { name, cwd }: Case,
  args: readonly string[],
  until: string,
): Promise<void> {
  const terminal = openTerminal(process.execPath, [...args], {
    cwd,
    cols: 80,
    rows: 24,
  });
  const gone = new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    terminal.onData((data) => {
      said += data;
      if (said.includes(until)) resolve();
    });
    void gone.then(() => reject(new Error(`${name} ended: ${said}`)));
  });
  // Its end is not timed, but no other run shall start before it.
  terminal.kill("SIGKILL");
  await gone;
}
