import { connect, createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { ask, type Reply } from "../../../src/probe/http.ts";

/** What ask() says of a server that sends a text; undefined keeps the connection open. */
async function replyTo(
  text: string | undefined,
  { stays = false, timeout = 5000 } = {},
): Promise<{ reply: Reply; request: string }> {
  let request = "";
  const server = createServer((socket) => {
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        request += chunk.toString();
        if (text !== undefined) socket.write(text);
        if (!stays) socket.end();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  const reply = await ask(socket, "2001:db8::1", timeout);
  server.close();
  return { reply, request };
}

const response = (head: string, body = ""): string =>
  `HTTP/1.1 404 Not Found\r\n${head}\r\n\r\n${body}`;

test.each([
  ["Server", response("Server: kong/3.9.3"), "3.9.3"],
  ["Via", response("Server: nginx\r\nVia: 1.1 kong/3.9.3"), "3.9.3"],
  ["Via without HTTP", response("via: kong/2.8.5"), "2.8.5"],
  ["latency header", response("X-Kong-Proxy-Latency: 2"), ""],
  [
    "body",
    response("Server: x", '{"message":"no Route matched with those values"}'),
    "",
  ],
  ["another server", response("Server: nginx", "not found"), undefined],
  ["a name in another header", response("X-By: kong/3.9.3"), undefined],
])("Kong by its %s", async (_, text, kong) => {
  const { reply } = await replyTo(text);
  expect(reply).toMatchObject({ status: 404, kong, stalled: false });
});

test.each([
  ["nothing", undefined],
  ["another protocol", "SSH-2.0-OpenSSH_9.9\r\n"],
])("%s is not HTTP", async (_, text) => {
  const { reply } = await replyTo(text, { stays: true, timeout: 300 });
  expect(reply).toMatchObject({ status: undefined, kong: undefined });
});

test("the request names the host; an IPv6 address is in brackets", async () => {
  const { request } = await replyTo(response("Server: kong/3.9.3"));
  expect(request).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: \[2001:db8::1\]\r\n/);
});

test("a response that stops short is stalled", async () => {
  const head = "Server: kong/3.9.3\r\nContent-Length: 9000";
  const { reply } = await replyTo(response(head, "x".repeat(1400)), {
    stays: true,
    timeout: 1000,
  });
  expect(reply).toMatchObject({ kong: "3.9.3", stalled: true });
});

test("300 kB are enough", async () => {
  const head = "Server: kong/3.9.3\r\nContent-Length: 900000";
  const { reply } = await replyTo(response(head, "x".repeat(900_000)), {
    stays: true,
  });
  expect(reply.stalled).toBe(false);
  expect(reply.bytes).toBeGreaterThanOrEqual(300_000);
});

test.each([
  ["its last chunk", "3\r\nabc\r\n0\r\n\r\n", false],
  ["only its last chunk", "0\r\n\r\n", false],
  ["a part of a chunk", "5000\r\n" + "x".repeat(1400), true],
  ["whole chunks without the last", "3\r\nabc\r\n", true],
  [
    "more than is kept, and its last chunk",
    `15f90\r\n${"x".repeat(90_000)}\r\n0\r\n\r\n`,
    false,
  ],
])("a chunked response with %s", async (_, body, stalled) => {
  const head = "Server: kong/3.9.3\r\nTransfer-Encoding: chunked";
  const { reply } = await replyTo(response(head, body), {
    stays: stalled,
    timeout: 1000,
  });
  expect(reply).toMatchObject({ kong: "3.9.3", stalled });
});
