// Holds one TCP connection to an echo server and says something every 100 ms, until standard input closes.
// Output: {answers, longestSilence, broken}: milliseconds, and the error that ended it or null.
import { connect } from "node:net";

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port) });
let [answers, longestSilence, last, broken] = [0, 0, Date.now(), null];
const heard = () => {
  longestSilence = Math.max(longestSilence, Date.now() - last);
  last = Date.now();
};
let timer;
const end = () => {
  clearInterval(timer);
  heard();
  console.log(JSON.stringify({ answers, longestSilence, broken }));
  process.exit();
};
socket.setNoDelay(true);
socket.once("connect", () => {
  console.log("connected");
  last = Date.now();
  timer = setInterval(() => socket.write("."), 100);
});
socket.on("data", (data) => {
  answers += data.length;
  heard();
});
socket.on("error", (error) => (broken ??= error.code));
socket.on("close", () => {
  broken ??= "closed";
  end();
});
process.stdin.resume().on("end", end);
