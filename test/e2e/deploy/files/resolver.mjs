// A DNS server on [::1]:53 for the records in the JSON file: {"TYPE NAME": "VALUE"}. Other names do not exist.
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";

const records = JSON.parse(readFileSync(process.argv[2], "utf8"));
const TYPES = { 1: "A", 2: "NS", 12: "PTR", 28: "AAAA" };
const labels = (name) =>
  Buffer.concat([
    ...name
      .split(".")
      .map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
const data = {
  A: (text) => Buffer.from(text.split(".").map(Number)),
  AAAA: (text) => Buffer.from(text, "hex"),
  PTR: labels,
  NS: labels,
};

const socket = createSocket("udp6");
socket.on("message", (query, from) => {
  const names = [];
  let at = 12;
  for (; query[at] > 0; at += query[at] + 1)
    names.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  const type = TYPES[query.readUInt16BE(at + 1)];
  const value = records[`${type} ${names.join(".").toLowerCase()}`];
  const question = query.subarray(12, at + 5);
  const head = Buffer.from([
    query[0],
    query[1],
    0x81,
    value === undefined ? 0x83 : 0x80,
    0,
    1,
    0,
    value === undefined ? 0 : 1,
    0,
    0,
    0,
    0,
  ]);
  const answer = value === undefined ? Buffer.alloc(0) : data[type](value);
  const record =
    value === undefined
      ? answer
      : Buffer.concat([
          Buffer.from([0xc0, 12]),
          query.subarray(at + 1, at + 5),
          Buffer.from([0, 0, 0, 60, 0, answer.length]),
          answer,
        ]);
  socket.send(Buffer.concat([head, question, record]), from.port, from.address);
});
socket.bind(53, "::1", () => console.log("ready"));
