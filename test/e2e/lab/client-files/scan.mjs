// Standard input: [{address, port}…]. Output: for each whether a TCP connection is open, refused or silent.
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const TIMEOUT_MS = Number(process.argv[2]);

const knock = ({ address, port }) =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const answer = (state) => {
      socket.destroy();
      resolve({ address, port, state });
    };
    socket.setTimeout(TIMEOUT_MS, () => answer("silent"));
    socket.on("connect", () => answer("open"));
    socket.on("error", ({ code }) =>
      answer(code === "ECONNREFUSED" ? "refused" : "silent"),
    );
  });

const targets = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await Promise.all(targets.map(knock))));
