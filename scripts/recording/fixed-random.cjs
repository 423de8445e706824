// Loaded before the recorded command, so that it draws the same ULA every time.
process.getBuiltinModule("node:crypto").randomBytes = (size) =>
  Buffer.alloc(size, "5e9c4127d3", "hex");
