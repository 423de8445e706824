import { existsSync } from "node:fs";
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Everything that the lab keeps between runs, outside the repository. Set LAB_CACHE to put it elsewhere. */
export const CACHE = process.env.LAB_CACHE ?? "/var/cache/create-kong-ipv6-lab";

/**
 * Makes a file or folder once. `make` is given a path beside the target and fills it; only what is complete is
 * renamed to the target, so a killed build leaves no half. Two processes never build the same target at once.
 */
export async function buildOnce(
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

/** Removes the entries of a cache folder that begin alike but aren't (or belong to) the one in use: older builds only take room. */
export async function removeOthers(
  folder: string,
  prefix: string,
  current: string,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(prefix) && !name.startsWith(current))
      await rm(join(folder, name), { recursive: true, force: true });
}

/** Takes a lock file that names this process; waits for its holder, and takes over from one that died. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (holder > 0 && !existsSync(`/proc/${holder}`))
      await rm(path, { force: true });
    else await sleep(250);
  }
}
