import { Host, type HostOptions } from "./host.ts";
import type { Root } from "./roots.ts";
import { Topology, type TopologyOptions } from "./topology.ts";

/** A provider, a host that it serves, and someone outside. */
export interface Lab {
  topology: Topology;
  host: Host;
  /** Takes everything away again; safe to call twice. */
  close(): Promise<void>;
}

/** Lays the network and boots a host on it. Close it in a `finally` or an `afterAll`. */
export async function openLab(
  root: Root,
  options: TopologyOptions & HostOptions,
): Promise<Lab> {
  const { netplan, files, ...network } = options;
  const topology = await Topology.open(network);
  try {
    const host = await Host.boot(root, topology, {
      ...(netplan === undefined ? {} : { netplan }),
      ...(files === undefined ? {} : { files }),
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
