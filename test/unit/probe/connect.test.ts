import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { connectTo, sendTo } from "../../../src/probe/connect.ts";

const HERE = "127.0.0.1";

test("TCP: a port that listens answers, another one is refused", async () => {
  const server = createServer().listen(0, HERE);
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const { seen, socket } = await connectTo(HERE, port, 5000);
  socket?.destroy();
  await new Promise((resolve) => server.close(resolve));
  expect(seen).toBe("answers");
  expect(await connectTo(HERE, port, 5000)).toEqual({ seen: "refused" });
});

test("UDP: what sends something back answers; nobody there is refused; silence stays silence", async () => {
  const server = createSocket("udp4");
  let talks = true;
  server.on("message", (_, { port, address }) => {
    if (talks) server.send("x", port, address);
  });
  await new Promise<void>((resolve) => server.bind(0, HERE, resolve));
  const { port } = server.address();
  expect(await sendTo(HERE, port, 5000)).toEqual({ seen: "answers" });
  talks = false;
  expect(await sendTo(HERE, port, 200)).toEqual({ seen: "silent" });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(await sendTo(HERE, port, 5000)).toEqual({ seen: "refused" });
});
