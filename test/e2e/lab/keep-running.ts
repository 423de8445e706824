import { openLab } from "./lab.ts";
import { rootOf } from "./roots.ts";

/** A separate process that boots a host, prints where, and keeps running: for the test that kills it. */
const { host } = await openLab(await rootOf("trixie"), {
  prefix: "2001:db8:1:2::/64",
  images: false,
});
console.log(host.folder);
setInterval(() => undefined, 1000);
