// Node's modules that only some runs need. They are loaded at their first use, because loading one
// takes longer than printing an error message.

export const crypto = (): typeof import("node:crypto") =>
  process.getBuiltinModule("node:crypto");

export const childProcess = (): typeof import("node:child_process") =>
  process.getBuiltinModule("node:child_process");
