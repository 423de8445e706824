import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CACHE, startOf } from "./cache.ts";
import { makeDisk } from "./disk.ts";
import { must, run } from "./run.ts";
import type { Topology } from "./topology.ts";

export interface HostOptions {
  /** Text of the distribution's own netplan file, 50-cloud-init.yaml; default: the host's IPv4 address and route. */
  netplan?: string | undefined;
  /** Further files that are there before the first boot: absolute path → text (mode 0644). */
  files?: Record<string, string> | undefined;
  /** Folder with a /var/lib/docker that holds images already (`dockerStoreOf`); without it Docker starts empty. */
  dockerStore?: string | undefined;
}

/** Writes the files of a host's disk, as they are before the first boot. */
export async function install(
  folder: string,
  topology: Topology,
  { netplan, files, dockerStore }: HostOptions,
): Promise<void> {
  const content = join(folder, "content");
  const upper = join(content, "upper");
  for (const path of [content, upper, join(content, "work")]) await mkdir(path);
  for (const name of ["disk", "root", "docker"])
    await mkdir(join(folder, name));
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(upper, path)), { recursive: true });
    await writeFile(join(upper, path), text, { mode });
  };
  await put("/etc/machine-id", `${randomBytes(16).toString("hex")}\n`);
  const own = netplan ?? distributionNetplan(topology);
  await put("/etc/netplan/50-cloud-init.yaml", own, 0o600);
  for (const [path, text] of Object.entries(files ?? {})) await put(path, text);
  if (dockerStore) await must(["sh", "-ec", SEED, dockerStore, folder]);
  const program = async (path: string, file: string) => {
    await put(path, "", 0o755);
    const source = new URL(`host-files/${file}`, import.meta.url);
    await copyFile(source, join(upper, path));
  };
  await program("/usr/local/sbin/lab-udev-rule", "udev-rule");
  await put(`/usr/lib/systemd/system/${UDEV_UNIT}`, UDEV);
  const wants = join(upper, "usr/lib/systemd/system/sysinit.target.wants");
  await mkdir(wants);
  await symlink(`../${UDEV_UNIT}`, join(wants, UDEV_UNIT));
  if (await limitsAreFixed()) await program("/usr/local/sbin/runc", "runc");
  await makeDisk(folder, content);
}

const UDEV_UNIT = "lab-udev-rule.service";
const UDEV = `[Unit]
Description=What udevd would run for each interface that appears
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStart=/usr/local/sbin/lab-udev-rule
`;

/**
 * $0 a /var/lib/docker, $1 the host's folder. Docker never changes an image's layer in place, so layers are hard links.
 * Everything else is copied.
 */
const SEED = `
cd "$0"
cp -al overlay2 "$1/docker/"
for part in *; do [ "$part" = overlay2 ] || cp -a "$part" "$1/docker/"; done
`;

/**
 * The netplan file of an installer: the host's IPv4, and no IPv6. accept-ra is off because no router advertises here:
 * systemd 252 would wait 14 s for advertisements at each boot before the network is online.
 */
function distributionNetplan({ options }: Topology): string {
  const { interface: uplink, ipv4, ipv4Gateway } = options;
  const head = `network:\n  version: 2\n  ethernets:\n    ${uplink}:\n      accept-ra: false\n`;
  if (ipv4 === "none") return head;
  return `${head}      addresses:\n        - ${ipv4}\n      routes:\n        - to: default\n          via: ${ipv4Gateway}\n`;
}

/** Creates a folder named after this process, and first removes those of dead processes. */
export async function newFolder(): Promise<string> {
  const hosts = join(CACHE, "hosts");
  await mkdir(hosts, { recursive: true });
  for (const name of await readdir(hosts))
    if (!existsSync(`/proc/${name.split("-")[1]}`))
      await sweep(join(hosts, name));
  const name = `lab-${process.pid}-${randomBytes(3).toString("hex")}`;
  const folder = join(hosts, name);
  await mkdir(folder);
  return folder;
}

/**
 * Records the ID of a host's first process, as the machine outside sees it. That process survives if systemd-nspawn was
 * killed together with the test.
 */
export async function noteLeader(folder: string, pid: number): Promise<void> {
  await writeFile(join(folder, "leader"), `${pid} ${await startOf(pid)}`);
}

/**
 * A separate control group for each host, below this process's. In a shared one, hosts remove each other's groups: of 60
 * boots, four at a time, two had a failed unit, because its group was removed before its process was in it.
 */
export async function groupOf(folder: string): Promise<string> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const own = await readFile("/proc/self/cgroup", "utf8");
  const root = /^\S+ (\S+) cgroup2 /m.exec(mounts)![1]!;
  return join(root, /^0::(.*)$/m.exec(own)![1]!, basename(folder));
}

/** Removes it when its killed processes are gone. Waits at most two seconds: an empty group does no harm. */
export async function removeGroup(folder: string): Promise<void> {
  const group = await groupOf(folder);
  const remove = ["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"];
  for (let turn = 0; existsSync(group) && turn < 20; turn++) {
    if (turn > 0) await sleep(100);
    await run(["find", group, ...remove]);
  }
}

/** Ends the remaining processes of a host whose test is dead, and removes its files. */
async function sweep(folder: string): Promise<void> {
  const noted = await readFile(join(folder, "leader"), "utf8").catch(() => "");
  const [pid = "", start] = noted.split(" ");
  if (pid !== "" && (await startOf(pid)) === start)
    process.kill(Number(pid), "SIGKILL");
  await rm(folder, { recursive: true, force: true });
  await removeGroup(folder);
}

/** Whether even root may not raise limits on this machine (CAP_SYS_RESOURCE, bit 24, is missing). */
async function limitsAreFixed(): Promise<boolean> {
  const status = await readFile("/proc/self/status", "utf8");
  const capabilities = /^CapEff:\s*(\w+)/m.exec(status)![1]!;
  return ((BigInt(`0x${capabilities}`) >> 24n) & 1n) === 0n;
}
