import { basename, join } from "node:path";
import { buildOnce, CACHE, removeOthers } from "./cache.ts";
import { Host } from "./host.ts";
import { imagesTar, loadImages } from "./images.ts";
import type { Root } from "./roots.ts";
import { must } from "./run.ts";
import { Topology } from "./topology.ts";

/**
 * A /var/lib/docker as this root's own engine leaves it once the stand-in images are loaded: loading takes 15 s, so it's
 * done once a root, on a host of its own, and later hosts begin with what it wrote.
 */
export async function dockerStoreOf(root: Root): Promise<string> {
  const images = basename(await imagesTar(), ".tar");
  const name = `${basename(root.path)}-${images}`;
  const folder = join(CACHE, "docker");
  return buildOnce(join(folder, name), async (temporary) => {
    await removeOthers(folder, `${root.generation}-`, name);
    const topology = await Topology.open({ prefix: "2001:db8:1:2::/64" });
    try {
      const host = await Host.boot(root, topology);
      try {
        await loadImages(host);
        await host.powerOff();
        await must(["cp", "-a", join(host.folder, "docker"), temporary]);
      } finally {
        await host.close();
      }
    } finally {
      await topology.close();
    }
  });
}
