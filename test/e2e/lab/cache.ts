import { existsSync } from "node:fs";
import {
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Everything that the lab keeps between runs, outside the repository. Set LAB_CACHE to put it elsewhere. */
export const CACHE = process.env.LAB_CACHE ?? "/var/cache/create-kong-ipv6-lab";

/**
 * Builds a file or folder once. `make` fills a path next to the target, which is renamed to the target when it is
 * complete, so a killed build leaves no partial result. Two processes never build the same target at once.
 */
export function buildOnce(
  target: string,
  make: (temporary: string) => Promise<void>,
): Promise<string> {
  const build = building.get(target) ?? buildAlone(target, make);
  building.set(target, build);
  return build.finally(() => building.delete(target));
}

/** What this process is building: the lock only keeps other processes out. */
const building = new Map<string, Promise<string>>();

async function buildAlone(
  target: string,
  make: (temporary: string) => Promise<void>,
): Promise<string> {
  if (existsSync(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const unlock = await lock(`${target}.lock`);
  try {
    if (existsSync(target)) return target;
    const temporary = join(dirname(target), `.building-${basename(target)}`);
    await rm(temporary, { recursive: true, force: true });
    await make(temporary);
    await rename(temporary, target);
    return target;
  } finally {
    await unlock();
  }
}

/** Removes older builds from a cache folder: entries with the same beginning that do not belong to the one in use. */
export async function removeOthers(
  folder: string,
  prefix: string,
  current: string,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(prefix) && !name.startsWith(current))
      await rm(join(folder, name), { recursive: true, force: true });
}

/** Takes a lock file that names this process. Waits for its holder, and takes over the lock of a dead one. */
async function lock(path: string): Promise<() => Promise<void>> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${process.pid} ${await startOf(process.pid)}`);
  try {
    // A link, so that the lock is never there without its holder's name in it.
    while (!(await linked(draft, path))) {
      const holder = await readFile(path, "utf8").catch(() => "");
      const [pid, start] = holder.split(" ");
      if (pid && (await startOf(pid)) !== start)
        await rm(path, { force: true });
      else await sleep(250);
    }
  } finally {
    await unlink(draft);
  }
  return () => unlink(path);
}

/** Makes a hard link to a file; false if the name exists. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** The start time of a process, in ticks since boot (man proc). IDs are reused, so ID and start time name one process. */
export async function startOf(pid: number | string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
