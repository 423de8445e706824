// One request every INTERVAL ms, each on a connection of its own, until standard input closes.
// Output: a JSON line for each: {sent, received} in milliseconds since 1970, received null where no answer came.
import { get } from "node:http";

const [url, interval, timeout] = process.argv.slice(2);

const request = () => {
  const sent = Date.now();
  const done = (received) => console.log(JSON.stringify({ sent, received }));
  const asked = get(
    url,
    { agent: false, timeout: Number(timeout) },
    (answer) => {
      answer.resume().on("end", () => done(Date.now()));
    },
  );
  asked.on("timeout", () => asked.destroy(new Error("timeout")));
  asked.on("error", () => done(null));
};

const timer = setInterval(request, Number(interval));
request();
process.stdin.resume().on("end", () => clearInterval(timer));
