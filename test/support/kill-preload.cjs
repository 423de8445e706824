// Loaded into the command by NODE_OPTIONS: ends it like a power cut at its KILL_AT-th change of the
// disk, before that change is made. Without KILL_AT it counts them and says how many there were.
// Before each change that COPY_AT names, COPY_FROM is copied to a directory of that name below COPY_TO.
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
const copyAt = new Set((process.env.COPY_AT ?? "").split(",").map(Number));
let count = 0;
let copying = false;
for (const name of CHANGES) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (copying) return real(...args);
    count += 1;
    if (count === at) process.kill(process.pid, "SIGKILL");
    if (copyAt.has(count)) copy(String(count));
    return real(...args);
  };
}
syncBuiltinESMExports();
if (at === 0) process.on("exit", () => fs.writeSync(2, `${count} changes\n`));

function copy(name) {
  const { COPY_FROM, COPY_TO } = process.env;
  copying = true;
  fs.cpSync(COPY_FROM, `${COPY_TO}/${name}`, {
    recursive: true,
    verbatimSymlinks: true,
  });
  copying = false;
}
