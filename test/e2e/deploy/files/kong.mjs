// Answers on port 80 and 443 of the given addresses as Kong does; on further address:port pairs it only accepts.
// usage: node kong.mjs CERTIFICATE KEY ADDRESS… [-- ADDRESS PORT]…
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecure } from "node:https";
import { createServer as createPlain } from "node:net";

const [cert, key, ...rest] = process.argv.slice(2);
const split = rest.indexOf("--");
const addresses = split < 0 ? rest : rest.slice(0, split);
const others = split < 0 ? [] : rest.slice(split + 1);
const body = JSON.stringify({ message: "no Route matched with those values" });
const answer = (request, response) => {
  response.writeHead(404, { Server: process.env.SERVER ?? "kong/3.9.3" });
  response.end(process.env.SIZE ? "x".repeat(process.env.SIZE) : (process.env.BODY ?? body));
};
const files = { cert: readFileSync(cert), key: readFileSync(key) };
const listening = [];
const listen = (server, port, host) =>
  listening.push(
    new Promise((resolve) => server.listen({ port, host }, resolve)),
  );
for (const address of addresses) {
  listen(createServer(answer), 80, address);
  listen(createSecure(files, answer), 443, address);
}
for (let at = 0; at < others.length; at += 2)
  listen(createPlain(), Number(others[at + 1]), others[at]);
await Promise.all(listening);
console.log("ready");
