import { connect, type Socket } from "node:net";
import { codeOf } from "../base/errors.ts";

export type Seen = "answers" | "refused" | "silent" | "untested";

export interface Connected {
  readonly seen: Seen;
  /** Open, if `seen` is answers. */
  readonly socket?: Socket;
  readonly detail?: string;
}

/**
 * What an attempt to connect says, by its error (errno(3)). A router or firewall that rejects the packet
 * refuses, as the server itself does. "Unreachable" comes from a router that found nobody: like silence.
 */
const MEANINGS: Readonly<Record<string, Seen>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "refused",
  EACCES: "refused",
  EHOSTUNREACH: "silent",
  ENETUNREACH: "silent",
  ETIMEDOUT: "silent",
};

/** Connects by TCP. @param timeout in milliseconds */
export function connectTo(
  address: string,
  port: number,
  timeout: number,
): Promise<Connected> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (seen: Seen, detail?: string): void => {
      socket.destroy();
      resolve({ seen, ...(detail !== undefined && { detail }) });
    };
    const timer = setTimeout(() => end("silent"), timeout);
    socket.on("error", (error) => {
      clearTimeout(timer);
      const code = codeOf(error);
      const seen = MEANINGS[code] ?? "untested";
      end(seen, /^(ECONNREFUSED|ETIMEDOUT)$/.test(code) ? undefined : code);
    });
    socket.on("connect", () => {
      clearTimeout(timer);
      resolve({ seen: "answers", socket });
    });
  });
}

/**
 * Sends a datagram: a DNS query, which a DNS server answers and others ignore.
 * @returns silent says nothing: most services answer only what they understand
 */
export async function sendTo(
  address: string,
  port: number,
  timeout: number,
): Promise<Connected> {
  const { createSocket } = await import("node:dgram");
  return await new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const end = (seen: Seen): void => {
      clearTimeout(timer);
      // An error after this must not stop the program.
      socket
        .removeAllListeners()
        .on("error", () => undefined)
        .close();
      resolve({ seen });
    };
    const timer = setTimeout(() => end("silent"), timeout);
    socket.on("error", (error) => end(MEANINGS[codeOf(error)] ?? "untested"));
    socket.on("message", () => end("answers"));
    socket.on("connect", () => socket.send(ROOT_QUERY));
    socket.connect(port, address);
  });
}

/** RFC 1035 4.1: the name servers of the root. */
const ROOT_QUERY = Buffer.from(
  "6b6f01000001000000000000000002" + "0001",
  "hex",
);
