import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CACHE } from "./cache.ts";
import type { Root } from "./roots.ts";
import { type Ran, run, throughPipes } from "./run.ts";

/** A folder or file of this machine shown inside the root. */
export interface Bind {
  source: string;
  target: string;
  /** Let the program write to it; read-only otherwise. */
  writable?: boolean;
}

export interface InRootOptions {
  binds?: readonly Bind[];
  /** Names of interfaces to create and set up (ndppd refuses an interface that doesn't exist). */
  interfaces?: readonly string[];
  /** Working directory inside; default `/`. */
  cwd?: string;
  /** Variables beside PATH, HOME and LC_ALL; this process's own are not handed on. */
  env?: Record<string, string>;
  input?: string;
  /** Default: one minute. */
  timeoutMs?: number;
}

/**
 * Runs one program inside a root without booting it, with its own mounts, network (only loopback), processes and host
 * name. Everything that it writes outside a writable bind disappears with it. Nothing needs to be cleaned up, because
 * the kernel removes the mounts and processes with their namespaces.
 */
export async function inRoot(
  root: Root,
  options: InRootOptions,
  argv: readonly string[],
): Promise<Ran> {
  const mountPoint = join(CACHE, "in-root");
  await mkdir(mountPoint, { recursive: true });
  const environment = Object.entries({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    ...options.env,
  }).map((pair) => pair.join("="));
  const namespaces = [
    "--mount",
    "--net",
    "--pid",
    "--ipc",
    "--uts",
    "--fork",
    "--kill-child",
  ];
  const script = [
    SETUP,
    ...(options.interfaces ?? []).map(link),
    ...(options.binds ?? []).map(bind),
    ENTER,
  ].join("\n");
  return run(
    throughPipes(
      [
        "unshare",
        ...namespaces,
        "sh",
        "-c",
        script,
        "lab",
        mountPoint,
        root.path,
        options.cwd ?? "/",
        ...environment,
        ...argv,
      ],
      options,
    ),
    { input: options.input, timeoutMs: options.timeoutMs ?? 60_000 },
  );
}

/** The root's overlay lives on a tmpfs; of the kernel's settings only the network's own can be written. */
const SETUP = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 lab "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" lab "$1/root"
root=$1/root
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$root/dev/"
ln -s /proc/self/fd "$root/dev/fd"
# Nothing was booted that these two could speak to, and their complaints would hide netplan's own.
for program in udevadm systemctl; do mount --bind "$root/usr/bin/true" "$root/usr/bin/$program"; done
hostname host
ip link set lo up`;

const ENTER = `cd "$root"
where=$3; shift 3
exec chroot "$root" /bin/sh -c 'cd "$0" && exec env -i "$@"' "$where" "$@"`;

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A link whose other end is up too: not every kernel has dummy interfaces. */
const link = (name: string, index: number) =>
  `ip link add ${quote(name)} type veth peer name lab-peer${index}; ip link set ${quote(name)} up; ip link set lab-peer${index} up`;

function bind({ source, target, writable }: Bind): string {
  const [from, to] = [quote(source), `"$root"${quote(target)}`];
  return `if [ -d ${from} ]; then mkdir -p ${to}; else mkdir -p "$(dirname ${to})"; : >>${to}; fi
mount --bind ${from} ${to}${writable ? "" : `; mount -o remount,bind,ro ${to}`}`;
}
