#!/usr/bin/env node
import { write } from "./base/stdio.ts";
import { VERSION } from "./base/version.ts";

/**
 * The entry point. A lone --help or --version is answered without loading anything else. Everything
 * else goes to main.ts, which parses the arguments.
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
    // Printing failed. main will fail in the same way, and report it.
  }
  return await (await import("./cli/main.ts")).main(argv);
}

void run().then((exitCode) => (process.exitCode = exitCode));
