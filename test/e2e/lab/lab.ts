import { dockerStoreOf } from "./docker-store.ts";
import { Host } from "./host.ts";
import type { HostOptions } from "./host-install.ts";
import type { Root } from "./roots.ts";
import { Topology, type TopologyOptions } from "./topology.ts";

/** A provider's network, a host in it, and a client outside. */
export interface Lab {
  topology: Topology;
  host: Host;
  /** Removes everything; safe to call twice. */
  close(): Promise<void>;
}

export interface LabOptions
  extends TopologyOptions, Omit<HostOptions, "dockerStore"> {
  /** Give the host's Docker the stand-in images, as if it had pulled them. Default: yes. */
  images?: boolean;
}

/** Creates the network and boots a host in it. Close it in a `finally` or an `afterAll`. */
export async function openLab(root: Root, options: LabOptions): Promise<Lab> {
  const { netplan, files, images = true, ...network } = options;
  const dockerStore = images ? await dockerStoreOf(root) : undefined;
  const topology = await Topology.open(network);
  try {
    const host = await Host.boot(root, topology, {
      netplan,
      files,
      dockerStore,
    });
    const close = async () => {
      await host.close();
      await topology.close();
    };
    return { topology, host, close };
  } catch (error) {
    await topology.close();
    throw error;
  }
}
