import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Host } from "./host.ts";
import type { Namespace } from "./namespace.ts";

/** Tests from outside. Every function runs in the client's namespace, because a test from the host proves nothing. */

const file = (name: string) =>
  fileURLToPath(new URL(`client-files/${name}`, import.meta.url));

/** The stand-in gateway's answer to a request for `/client`. */
export interface Seen {
  client: string;
  port: number;
  server: string;
  scheme: string;
}

/** Asks the stand-in at `http(s)://…/client` for the client's address as it sees it. Undefined if no answer comes within 3 s. */
export async function seenBy(
  client: Namespace,
  origin: string,
): Promise<Seen | undefined> {
  const curl = "curl --globoff --silent --insecure --max-time 3".split(" ");
  const { code, stdout } = await client.run([...curl, `${origin}/client`]);
  return code === 0 ? (JSON.parse(stdout) as Seen) : undefined;
}

export interface Target {
  address: string;
  port: number;
}

/** `open`: connected. `refused`: a reset came. `silent`: nothing, or an ICMP error. */
export type Knock = Target & { state: "open" | "refused" | "silent" };

/** Tries TCP connections to all targets at once. */
export async function knock(
  client: Namespace,
  targets: readonly Target[],
  timeoutMs = 2000,
): Promise<Knock[]> {
  const output = await client.must(
    [process.execPath, file("scan.mjs"), String(timeoutMs)],
    { input: JSON.stringify(targets) },
  );
  return JSON.parse(output) as Knock[];
}

/** One request of a probe, in milliseconds since 1970. */
export interface Beat {
  sent: number;
  received: number | null;
}

/** Sends requests at a steady rate in the background, during a restart or a reboot. */
export class Probe {
  readonly beats: Beat[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** Starts to request an http URL, by default ten times a second, with a time limit of one second each. */
  constructor(
    client: Namespace,
    url: string,
    { intervalMs = 100, timeoutMs = 1000 } = {},
  ) {
    const pace = [String(intervalMs), String(timeoutMs)];
    this.#process = client.start([
      process.execPath,
      file("probe.mjs"),
      url,
      ...pace,
    ]);
    this.#ended = once(this.#process, "close");
    createInterface({ input: this.#process.stdout! }).on("line", (line) =>
      this.beats.push(JSON.parse(line) as Beat),
    );
  }

  /** Ends the probe after the last answers have arrived. Throws if there was none: gaps then mean nothing. */
  async stop(): Promise<Beat[]> {
    this.#process.stdin!.end();
    await this.#ended;
    if (this.firstAnswer(0) === undefined)
      throw new Error(`lab: none of ${this.beats.length} requests answered`);
    return this.beats.sort((one, other) => one.sent - other.sent);
  }

  /** The first answer to a request sent at or after the given time; undefined as long as there is none. */
  firstAnswer(since: number): number | undefined {
    const times = this.beats.flatMap(({ sent, received }) =>
      sent >= since && received !== null ? [received] : [],
    );
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Requests that got no answer. */
  get lost(): number {
    return this.beats.filter(({ received }) => received === null).length;
  }

  /** The longest time between two answers, in milliseconds. */
  get longestGap(): number {
    const times = this.beats
      .flatMap(({ received }) => received ?? [])
      .sort((one, other) => one - other);
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    return Math.max(0, ...gaps);
  }
}

/** The result of an open connection. */
export interface Standing {
  answers: number;
  /** Milliseconds. */
  longestSilence: number;
  /** Why it broke; null if it did not. */
  broken: string | null;
}

/**
 * An open TCP connection like the owner's ssh session, from the client to port 22 of the host. If ufw is enabled, it needs
 * a rule for port 22 first. `close()` returns the result.
 */
export async function standingConnection(
  host: Host,
  address: string,
): Promise<{ close(): Promise<Standing> }> {
  if ((await host.run(["systemctl", "is-active", "lab-echo"])).code !== 0)
    await host.service("lab-echo", ["python3", "-c", ECHO]);
  const { client } = host.topology;
  let connection = client.start([
    process.execPath,
    file("standing.mjs"),
    address,
    "22",
  ]);
  for (let tries = 0; ; tries++) {
    const [line] = (await once(connection.stdout!, "data")) as [Buffer];
    if (line.toString().startsWith("connected")) break;
    if (tries === 20) throw new Error(`lab: no connection: ${line.toString()}`);
    // The server may not listen yet.
    await new Promise((resolve) => setTimeout(resolve, 100));
    connection = client.start([
      process.execPath,
      file("standing.mjs"),
      address,
      "22",
    ]);
  }
  const rest = text(connection.stdout!);
  return {
    close: async () => {
      connection.stdin!.end();
      return JSON.parse(await rest) as Standing;
    },
  };
}

const ECHO = `
import socket, threading
server = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
def echo(connection):
    while data := connection.recv(100):
        connection.sendall(data)
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
`;
