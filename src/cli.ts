#!/usr/bin/env node
import { write } from "./terminal.ts";
import { VERSION } from "./version.ts";

/**
 * The doorstep: a question for help or version alone is answered without loading anything; all else
 * goes to main.ts, which reads arguments in full.
 */
const argv = process.argv.slice(2);
const [only, more] = argv;
if (more === undefined && (only === "--version" || only === "-V"))
  write(1, `${VERSION}\n`);
else if (more === undefined && (only === "--help" || only === "-h"))
  void import("./help.ts").then(({ helpText }) => write(1, `${helpText()}\n`));
else
  void import("./main.ts")
    .then(({ main }) => main(argv))
    .then((exitCode) => (process.exitCode = exitCode));
