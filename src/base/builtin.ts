// Node's own modules that only some runs need, loaded at their first use: each costs more than an
// error message.

export const crypto = (): typeof import("node:crypto") =>
  process.getBuiltinModule("node:crypto");

export const childProcess = (): typeof import("node:child_process") =>
  process.getBuiltinModule("node:child_process");
