import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI } from "../../support/run.ts";
import { withPackage } from "../../unit/detect/variant.ts";
import { dockerStoreOf } from "./docker-store.ts";
import { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { type Generation, rootOf } from "./roots.ts";
import { must, type Ran } from "./run.ts";
import { Topology, type TopologyOptions } from "./topology.ts";

/** A booted host with sshd and sudo, and with the images of the root that it was made from. */
export async function reachable(
  generation: Generation,
  network: TopologyOptions,
  netplan: string,
): Promise<Lab> {
  const root = await rootOf(generation);
  const dockerStore = await dockerStoreOf(root);
  const topology = await Topology.open(network);
  try {
    const host = await Host.boot(
      await withPackage(root, "openssh-server", "sudo"),
      topology,
      { netplan, dockerStore },
    );
    const close = async (): Promise<void> => {
      await host.close();
      await topology.close();
    };
    return { topology, host, close };
  } catch (error) {
    await topology.close();
    throw error;
  }
}

/** The owner's machine: the outside client, with a separate home directory in place of root's. */
export class Owner {
  readonly home = mkdtempSync(join(tmpdir(), "kong-ipv6-owner-"));
  readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
    mkdirSync(join(this.home, ".ssh"), { mode: 0o700 });
  }

  /** Runs the built command on the owner's machine, in the home directory. */
  do(...args: string[]): Promise<Ran> {
    return this.run([process.execPath, CLI, ...args]);
  }

  /** Runs any program on the owner's machine, in the home directory. */
  run(command: readonly string[]): Promise<Ran> {
    return this.lab.topology.client.run([...this.#enter, ...command], {
      timeoutMs: 400_000,
    });
  }

  /** Like run(), for a caller that starts it: at a terminal, for example. */
  argv(command: readonly string[]): string[] {
    return this.lab.topology.client.argv([...this.#enter, ...command]);
  }

  get #enter(): string[] {
    const home = 'mount --bind "$1" /root; cd /root; shift; exec "$@"';
    return ["unshare", "--mount", "sh", "-ec", home, "owner", this.home];
  }

  /** Installs a key that the server accepts for a user, and adds the server to known_hosts. */
  async exchangeKeys(home = "/root"): Promise<void> {
    const key = join(this.home, ".ssh/id_ed25519");
    await must([
      "sh",
      "-c",
      `[ -e "$1" ] || ssh-keygen -q -t ed25519 -N '' -f "$1"`,
      "sh",
      key,
    ]);
    const { host } = this.lab;
    const text = await must(["cat", `${key}.pub`]);
    await host.write(`${home}/.ssh/authorized_keys`, text, "600");
    const own = await host.read("/etc/ssh/ssh_host_ed25519_key.pub");
    const known = join(this.home, ".ssh/known_hosts");
    writeFileSync(known, `203.0.113.10 ${own}`);
    chmodSync(known, 0o600);
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
