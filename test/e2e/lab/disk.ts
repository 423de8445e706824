import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "./run.ts";

/**
 * A host's disk: an ext4 file system in a file of the host's folder, mounted while the host runs. It is a disk of its own
 * so that its power can be cut: the kernel then drops what was not synced.
 */

const image = (folder: string): string => join(folder, "disk.img");

/** Makes the disk from a folder's content, and removes that folder. The file is sparse: it takes 11 MB and 0.1 s. */
export async function makeDisk(folder: string, content: string): Promise<void> {
  const make = "mkfs.ext4 -q -J size=8 -d".split(" ");
  await must([...make, content, image(folder), "4G"]);
  await rm(content, { recursive: true });
}

/**
 * Shell command that mounts the disk of the host whose folder is $2. ext4 itself would write after 5 s, and at a rename
 * over another file, what no program has synced. Other file systems don't, so a missing sync has to show here.
 */
export const MOUNT_DISK = `mount -o loop,noinit_itable,commit=600,noauto_da_alloc "$2/disk.img" "$2/disk"`;

/**
 * Cuts the disk's power, as seen by a process for which it is mounted: nothing is written from now on, not even what was
 * already in ext4's journal but not yet committed. The next mount finds what was synced.
 */
export async function cutDisk(folder: string, pid: number): Promise<void> {
  const enter = ["nsenter", "--mount", `--target=${pid}`];
  await must([...enter, "perl", "-e", SHUT_DOWN, join(folder, "disk")]);
}

/** ext4(5) has no name for it: EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, as xfstests uses it. */
const SHUT_DOWN = `
open my $disk, "<", $ARGV[0] or die "$ARGV[0]: $!";
my $how = pack "L", 2;
ioctl $disk, 0x8004587d, $how or die "ioctl: $!";
`;

/** Waits until the disk is unmounted everywhere: mounted once more before that, it would still be the one that was cut. */
export async function diskReleased(folder: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (await isAttached(image(folder))) {
    if (Date.now() > deadline)
      throw new Error(`lab: ${image(folder)} is still mounted after 60 s`);
    await sleep(20);
  }
}

async function isAttached(file: string): Promise<boolean> {
  const devices = await readdir("/sys/block");
  const files = await Promise.all(
    devices
      .filter((name) => name.startsWith("loop"))
      .map((name) =>
        // A free device has no such file.
        readFile(`/sys/block/${name}/loop/backing_file`, "utf8").catch(
          () => "",
        ),
      ),
  );
  return files.some((text) => text.trim() === file);
}
