import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cutDisk, diskReleased } from "./disk.ts";
import { POWER_ON, systemdBelow } from "./host-boot.ts";
import {
  groupOf,
  type HostOptions,
  install,
  newFolder,
  noteLeader,
  removeGroup,
} from "./host-install.ts";
import type { Root } from "./roots.ts";
import { must, type Ran, run, type RunOptions, throughPipes } from "./run.ts";
import type { Topology } from "./topology.ts";

/** Variables of a command on the host, as after a login. It gets none from the machine outside. */
const LOGIN = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  USER: "root",
  LC_ALL: "C.UTF-8",
};

const KILLED_WITH_US = ["--pdeathsig", "KILL"];

/**
 * A Debian host, booted with systemd. Its file system is a layer over a cached root, on a disk of its own, and survives
 * reboots. So does /var/lib/docker, which is a folder on the real disk, because overlay2 can't be on an overlay. The host
 * ends with this
 * process at the latest: systemd-nspawn is killed with it, and the host with systemd-nspawn.
 */
export class Host {
  root: Root;
  readonly topology: Topology;
  /** The folder with this host's layers and console.log. */
  readonly folder: string;
  /** When the host was last switched on, in milliseconds since 1970. */
  poweredOnAt = 0;
  #nspawn: ChildProcess | undefined;
  #leader = 0;

  private constructor(root: Root, topology: Topology, folder: string) {
    this.root = root;
    this.topology = topology;
    this.folder = folder;
  }

  /** Installs a host in a topology, boots it, and waits until systemd has started everything. */
  static async boot(
    root: Root,
    topology: Topology,
    options: HostOptions = {},
  ): Promise<Host> {
    const host = new Host(root, topology, await newFolder());
    try {
      await install(host.folder, topology, options);
      await host.powerOn();
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  /** Runs a program inside, as root, to its end. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(
      throughPipes([...this.#enter(options), ...argv], options),
      outside(options),
    );
  }

  /** As `run`, and throws unless the program succeeds; returns its standard output. */
  must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return must(
      throughPipes([...this.#enter(options), ...argv], options),
      outside(options),
    );
  }

  /** Runs a bash script on the host that must succeed; returns its standard output. */
  sh(script: string, options: RunOptions = {}): Promise<string> {
    return this.must(["bash", "-ec", script], options);
  }

  /**
   * Starts a background service as a unit of the host's systemd. (A background program started by `run` would block the
   * host's shutdown, because systemd doesn't know it.)
   */
  async service(name: string, argv: readonly string[]): Promise<void> {
    await this.must(["systemd-run", "--quiet", `--unit=${name}`, ...argv]);
  }

  /** Copies a folder's content into a folder of the host. Keeps the modes; root owns the files. */
  async copyIn(source: string, target: string): Promise<void> {
    await this.must(["mkdir", "-p", target]);
    const unpack = `tar -C "$1" -c . | { shift; "$@"; }`;
    const tar = ["tar", "-x", "--no-same-owner", "-C", target];
    await must(["sh", "-c", unpack, "lab", source, ...this.#enter({}), ...tar]);
  }

  /** Returns the text of one of the host's files. */
  read(path: string): Promise<string> {
    return this.must(["cat", path]);
  }

  /** Writes one of the host's files, and creates its folders. */
  async write(path: string, text: string, mode = "644"): Promise<void> {
    await this.must(["install", "-D", "-m", mode, "/dev/stdin", path], {
      input: text,
    });
  }

  /** Every file, link and folder below the paths, with mode, owner and content. Two maps compare byte for byte. */
  async snapshot(...paths: string[]): Promise<Map<string, string>> {
    // One sha256sum for many files: a process for each file would take a second of CPU time.
    const facts = `find "$@" -printf '%p\\t%y %m %U:%G %l\\0'; echo; find "$@" -type f -exec sha256sum -z {} +`;
    const output = await this.must(["bash", "-ec", facts, "find", ...paths]);
    const [found, sums] = output.split("\0\n") as [string, string];
    const digests = new Map(
      sums.split("\0").map((line) => [line.slice(66), line.slice(0, 64)]),
    );
    return new Map(
      found.split("\0").map((entry) => {
        const [path, fact] = entry.split("\t") as [string, string];
        return [path, fact + (digests.get(path) ?? "")];
      }),
    );
  }

  /** Units that failed. A fresh host has none. */
  async failedUnits(): Promise<string[]> {
    const { stdout } = await this.run(
      "systemctl --failed --no-legend --plain".split(" "),
    );
    return stdout
      .split("\n")
      .map((line) => line.split(" ")[0]!)
      .filter(Boolean);
  }

  /** Returns what the host wrote to its console. */
  console(): Promise<string> {
    return readFile(join(this.folder, "console.log"), "utf8");
  }

  async powerOn(): Promise<void> {
    const network = await this.topology.connectHost();
    const log = await open(join(this.folder, "console.log"), "a");
    this.poweredOnAt = Date.now();
    this.#nspawn = spawn(
      "setpriv",
      [
        ...KILLED_WITH_US,
        "unshare",
        "--mount",
        "sh",
        "-ec",
        POWER_ON,
        "lab",
        this.root.path,
        this.folder,
        network.path,
        await groupOf(this.folder),
      ],
      {
        stdio: ["ignore", log.fd, log.fd],
        env: {
          PATH: LOGIN.PATH,
          SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1",
          SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network",
        },
      },
    );
    await log.close();
    await this.#started();
  }

  /** Shuts the host down cleanly, and waits until it is off. */
  async powerOff(): Promise<void> {
    await this.#shutDown("poweroff");
  }

  /** Cuts the power: what was not synced is lost, except in /var/lib/docker, where all that was written stays. */
  async powerCut(): Promise<void> {
    await this.#off(async () => {
      await cutDisk(this.folder, this.#nspawn!.pid!);
      process.kill(this.#leader, "SIGKILL");
    });
  }

  /** Shuts down and boots again. The host's network is new; the router keeps its neighbor cache. */
  async reboot(): Promise<void> {
    await this.#shutDown("reboot");
    await this.powerOn();
  }

  /** Boots another release with the host's own files, as after a dist-upgrade. Its engine uses the same /var/lib/docker. */
  async upgrade(root: Root): Promise<void> {
    await this.#shutDown("reboot");
    this.root = root;
    await this.powerOn();
  }

  /** Ends the host and removes its files. */
  async close(): Promise<void> {
    if (this.#nspawn) await this.powerCut();
    // About 14,000 links: rm(1) takes half as long as node.
    await must(["rm", "-rf", this.folder]);
  }

  /** Waits until systemd runs, and then until it has started everything. */
  async #started(): Promise<void> {
    const deadline = Date.now() + 90_000;
    let state = "nothing";
    while (Date.now() < deadline) {
      if (this.#nspawn?.exitCode !== null)
        throw new Error(`lab: the host did not start\n${await this.console()}`);
      this.#leader = await systemdBelow(this.#nspawn.pid!);
      if (this.#leader > 0) {
        await noteLeader(this.folder, this.#leader);
        const wait = ["systemctl", "is-system-running", "--wait"];
        state = (await this.run(wait, { timeoutMs: 90_000 })).stdout.trim();
        if (state === "running" || state === "degraded") return;
      }
      await sleep(50);
    }
    throw new Error(`lab: not up in 90 s (${state})\n${await this.console()}`);
  }

  async #shutDown(how: "poweroff" | "reboot"): Promise<void> {
    await this.#off(() => this.run(["systemctl", "--no-block", how]));
  }

  async #off(end: () => unknown): Promise<void> {
    const nspawn = this.#nspawn;
    if (!nspawn) return;
    if (nspawn.exitCode === null && nspawn.signalCode === null) {
      const ended = once(nspawn, "exit");
      if (this.#leader > 0) await end();
      else nspawn.kill("SIGKILL");
      const late = setTimeout(() => {
        console.warn("lab: the host did not shut down in 60 s: plug pulled");
        nspawn.kill("SIGKILL");
      }, 60_000);
      await ended;
      clearTimeout(late);
    }
    this.#nspawn = undefined;
    this.#leader = 0;
    await diskReleased(this.folder);
    await removeGroup(this.folder);
    await this.topology.disconnectHost();
  }

  #enter({ cwd, env }: RunOptions): string[] {
    if (this.#leader === 0) throw new Error("lab: the host is off");
    const variables = Object.entries({ ...LOGIN, ...env }).map((pair) =>
      pair.join("="),
    );
    const enter = ["nsenter", "--all", `--target=${this.#leader}`];
    const inside = ["setpriv", ...KILLED_WITH_US, "env", "-i"];
    return [...enter, ...inside, `--chdir=${cwd ?? "/root"}`, ...variables];
  }
}

/** The program on the host gets its variables and folder through `env`. The other options are for the outer program. */
const outside = ({ input, inputFile, timeoutMs }: RunOptions): RunOptions => ({
  input,
  inputFile,
  timeoutMs,
});
