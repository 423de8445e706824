import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import manifest from "../package.json" with { type: "json" };

/**
 * `npm test`, after the build: vitest, and beside it the checks that need no vitest, one after the other.
 * Arguments go to vitest. What the checks print follows vitest's output; the exit code is 1 if anything failed.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CHECKS = ["lint", "types", "test:server"] as const;

interface Ended {
  readonly name: string;
  readonly code: number;
  readonly output: string;
}

const [tests, checks] = await Promise.all([vitest(), allChecks()]);
// vitest prints for itself; it has output only if it could not be started.
if (tests.output) console.error(tests.output);
for (const { name, output } of checks) console.log(`== ${name}\n${output}`);
const failed = [tests, ...checks].filter(({ code }) => code !== 0);
for (const { name } of failed) console.error(`Failed: ${name}`);
process.exit(failed.length > 0 ? 1 : 0);

function vitest(): Promise<Ended> {
  return run("vitest", ["vitest", "run", ...process.argv.slice(2)], false);
}

async function allChecks(): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (const name of CHECKS)
    ended.push(await run(name, manifest.scripts[name].split(" "), true));
  return ended;
}

/** @param collect keep the output for later, rather than print it now */
function run(
  name: string,
  [program = "", ...args]: string[],
  collect: boolean,
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: collect ? ["ignore", "pipe", "pipe"] : "inherit",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve) => {
    child.on("error", ({ message }) =>
      resolve({ name, code: 1, output: message }),
    );
    child.on("close", (code) => resolve({ name, code: code ?? 1, output }));
  });
}
