// Holds one TCP connection to an echo server and says something every 100 ms, until standard input closes. Then it waits
// for the echo of all that it said, 20 s at most: a connection that nothing comes through any more is broken ("silent").
// Output: {answers, longestSilence, broken}: milliseconds, and the error that ended it or null.
import { connect } from "node:net";

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port) });
let [said, answers, longestSilence, last, broken] = [0, 0, 0, Date.now(), null];
const heard = () => {
  longestSilence = Math.max(longestSilence, Date.now() - last);
  last = Date.now();
};
const say = () => {
  said += 1;
  socket.write(".");
};
let timer;
let ending = false;
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
  timer = setInterval(say, 100);
});
socket.on("data", (data) => {
  answers += data.length;
  heard();
  if (ending && answers === said) end();
});
socket.on("error", (error) => (broken ??= error.code));
socket.on("close", () => {
  broken ??= "closed";
  end();
});
process.stdin.resume().on("end", () => {
  clearInterval(timer);
  ending = true;
  say();
  setTimeout(() => {
    broken ??= "silent";
    end();
  }, 20_000);
});
