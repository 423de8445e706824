import { readFile } from "node:fs/promises";
import { MOUNT_DISK } from "./disk.ts";

/**
 * $1 root, $2 the host's folder, $3 network namespace, $4 control group. If the machine outside was not booted with
 * systemd, /run/systemd must be a separate mount. A container has no udevd, so udevadm would fail, and `netplan apply`
 * with it.
 */
export const POWER_ON = `
mkdir -p "$4"
echo 0 >"$4/cgroup.procs"
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 tmpfs /run/systemd
${MOUNT_DISK}
mount -t overlay -o "lowerdir=$1,upperdir=$2/disk/upper,workdir=$2/disk/work" lab "$2/root"
exec systemd-nspawn --quiet --boot --directory="$2/root" --machine="\${2##*/}" --hostname=host \
  --register=no --keep-unit --capability=all --network-namespace-path="$3" \
  --system-call-filter='@keyring @mount bpf @privileged' --console=pipe \
  --resolv-conf=off --timezone=off --link-journal=no \
  --bind="$2/docker:/var/lib/docker" --bind-ro="$1/usr/bin/true:/usr/bin/udevadm"
`;

/** The process ID of the host's systemd, a child of systemd-nspawn. 0 until it runs. */
export async function systemdBelow(nspawn: number): Promise<number> {
  const children = await readFile(
    `/proc/${nspawn}/task/${nspawn}/children`,
    "utf8",
  ).catch(() => "");
  for (const pid of children.split(" ").filter(Boolean)) {
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (name.trim() === "systemd") return Number(pid);
  }
  return 0;
}
