// Loaded into the command by NODE_OPTIONS: ends it like a power cut at its KILL_AT-th change of the
// disk, before that change is made. Without KILL_AT it counts them and says how many there were.
const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");

const CHANGES = [
  "mkdirSync",
  "writeFileSync",
  "chmodSync",
  "copyFileSync",
  "renameSync",
  "rmSync",
  "rmdirSync",
];
const at = Number(process.env.KILL_AT ?? 0);
let count = 0;
for (const name of CHANGES) {
  const real = fs[name];
  fs[name] = (...args) => {
    count += 1;
    if (count === at) process.kill(process.pid, "SIGKILL");
    return real(...args);
  };
}
syncBuiltinESMExports();
if (at === 0) process.on("exit", () => fs.writeSync(2, `${count} changes\n`));
