#!/usr/bin/env node
import { write } from "./base/stdio.ts";
import { VERSION } from "./base/version.ts";

/**
 * The doorstep: a question for help or version alone is answered without loading anything; all else
 * goes to main.ts, which reads arguments in full.
 */
const argv = process.argv.slice(2);
const [only, more] = argv;

async function run(): Promise<number> {
  try {
    if (more === undefined && (only === "--version" || only === "-V")) {
      write(1, `${VERSION}\n`);
      return 0;
    }
    if (more === undefined && (only === "--help" || only === "-h")) {
      write(1, `${(await import("./cli/help.ts")).helpText()}\n`);
      return 0;
    }
  } catch {
    // What can't be printed here can't there either, but main tells of it.
  }
  return await (await import("./cli/main.ts")).main(argv);
}

void run().then((exitCode) => (process.exitCode = exitCode));
