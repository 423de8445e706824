import { existsSync } from "node:fs";
import { must, run } from "./run.ts";

/** Program that the lab needs on this machine → its Debian package. */
const TOOLS: Record<string, string> = {
  "/usr/sbin/debootstrap": "debootstrap",
  "/usr/bin/systemd-nspawn": "systemd-container",
  "/usr/sbin/mkfs.ext4": "e2fsprogs",
  "/usr/bin/perl": "perl-base",
  "/usr/sbin/ip": "iproute2",
  "/usr/sbin/sysctl": "procps",
  "/usr/bin/ping": "iputils-ping",
  "/usr/bin/curl": "curl",
  "/usr/bin/ssh": "openssh-client",
  "/usr/bin/tcpdump": "tcpdump",
};

let installed: Promise<void> | undefined;

/** Installs the missing ones, once, because two apt-gets at a time would wait for dpkg's lock. */
export const installTools = (): Promise<void> => (installed ??= install());

/** The lab runs on Debian only. */
async function install(): Promise<void> {
  const missing = Object.keys(TOOLS).filter((path) => !existsSync(path));
  if (missing.length === 0) return;
  const packages = missing.map((path) => TOOLS[path]!);
  await run(["apt-get", "-qq", "update"]);
  await must(
    "apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
      .split(" ")
      .concat(packages),
    { env: { DEBIAN_FRONTEND: "noninteractive" } },
  );
}
