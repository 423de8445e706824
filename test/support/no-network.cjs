// Loaded with --require: there is no route to any address, as on a machine without a network.
const { Socket } = require("node:dgram");
Socket.prototype.connect = function () {
  process.nextTick(() =>
    this.emit(
      "error",
      Object.assign(new Error("no route"), { code: "ENETUNREACH" }),
    ),
  );
};
