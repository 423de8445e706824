import { openLab } from "./lab.ts";
import { rootOf } from "./roots.ts";

/** A process of its own that boots a host, says where, and stays: for the test of what is left of one that is killed. */
const { host } = await openLab(await rootOf("trixie"), {
  prefix: "2001:db8:1:2::/64",
  images: false,
});
console.log(host.folder);
setInterval(() => undefined, 1000);
