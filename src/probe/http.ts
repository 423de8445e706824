import type { Socket } from "node:net";

/** So large that a path which drops full-size packets stalls: many times the first window of TCP. */
export const LARGE = 300_000;

/** More than a response of Kong's own takes. */
const KEPT = 64 * 1024;

export interface Reply {
  /** The HTTP status; undefined if what came is no HTTP response. */
  readonly status: number | undefined;
  /** The version of Kong, or "" if Kong answers without naming it; undefined if it is not recognisably Kong. */
  readonly kong: string | undefined;
  /** How many bytes came. */
  readonly bytes: number;
  /** Whether bytes are missing that the response announced. */
  readonly stalled: boolean;
}

/**
 * Sends GET / and reads up to 300 kB of the response.
 * @param host for the Host field: a name, or an address
 * @param timeout in milliseconds, without a byte; four times as long for everything
 */
export function ask(
  socket: Socket,
  host: string,
  timeout: number,
): Promise<Reply> {
  return new Promise((resolve) => {
    let text = "";
    let last = "";
    let bytes = 0;
    const end = (): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve({
        ...recognised(text),
        bytes,
        stalled: isCut(text, last, bytes),
      });
    };
    const limit = setTimeout(end, 4 * timeout);
    socket.setTimeout(timeout, end);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (text.length < KEPT) text += chunk.toString("latin1");
      last = (last + chunk.toString("latin1")).slice(-LAST_CHUNK.length);
      if (bytes >= LARGE) end();
    });
    socket.on("error", end).on("close", end);
    const name = host.includes(":") ? `[${host}]` : host;
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: create-kong-ipv6\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
  });
}

/** What a response, which anyone may have sent, says about its sender. */
function recognised(text: string): Pick<Reply, "status" | "kong"> {
  const [head = "", body = ""] = text.split(/\r?\n\r?\n(.*)/s);
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1];
  if (status === undefined) return { status: undefined, kong: undefined };
  const version =
    /^(?:server|via):.*?\bkong(?:-enterprise-edition)?\/([\w.-]{1,30})/im.exec(
      head,
    )?.[1] ??
    (/^x-kong-[\w-]+:/im.test(head) || body.includes("no Route matched")
      ? ""
      : undefined);
  return { status: Number(status), kong: version };
}

/** RFC 9112 7.1: what ends a chunked response. */
const LAST_CHUNK = "\r\n0\r\n\r\n";

/**
 * Whether fewer bytes came than the response announces, and fewer than were wanted.
 * @param last the last bytes
 */
function isCut(text: string, last: string, bytes: number): boolean {
  if (bytes >= LARGE) return false;
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? "";
  if (/^transfer-encoding:.*\bchunked\s*$/im.test(head))
    return last !== LAST_CHUNK;
  const length = /^content-length: *(\d{1,15})\s*$/im.exec(head)?.[1];
  return length !== undefined && bytes < head.length + Number(length);
}
