import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, FailedError } from "../base/errors.ts";
import { WORK } from "./journal.ts";
import { ignoringFailure, isAlive, readIfThere } from "./write.ts";

// WORK is the lock: the process that creates it may write. A file in it names that process.

/** The process that holds the lock. */
interface Holder {
  /** 0 if it isn't known. */
  readonly pid: number;
  /** The file in WORK that names it. */
  readonly file: string;
}

/** Whether a file in WORK names the lock's holder. */
export const namesHolder = (name: string): boolean =>
  /^(pid|claim\.\d+)$/.test(name);

/** Takes the lock of a directory. @throws FailedError if another process has it */
export function lock(directory: string): void {
  removeDeadLocks(directory);
  const own = join(directory, `.kong-ipv6.${process.pid}.lock`);
  mkdirSync(own, { mode: 0o700 });
  try {
    writeFileSync(join(own, "pid"), String(process.pid), { flag: "wx" });
    renameSync(own, join(directory, WORK));
  } catch (error) {
    rmSync(own, { recursive: true });
    if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) throw error;
    throw busy(directory, holderOf(directory).pid);
  }
}

/** Removes what killed runs prepared for a lock that they never took. That of another user stays. */
export function removeDeadLocks(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(/^\.kong-ipv6\.(\d+)\.lock$/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid))
      ignoringFailure(() =>
        rmSync(join(directory, name), { recursive: true, force: true }),
      );
  }
}

export function holderOf(directory: string): Holder {
  const work = join(directory, WORK);
  const names =
    existsSync(work) && lstatSync(work).isDirectory() ? readdirSync(work) : [];
  const file = names.find((name) => /^claim\.\d+$/.test(name));
  if (file !== undefined)
    return { pid: Number(file.slice("claim.".length)), file };
  return { pid: Number(readIfThere(join(work, "pid"))) || 0, file: "pid" };
}

/** Takes over the lock of a dead run. Of several that try, one succeeds: its rename does. */
export function claim(directory: string, dead: Holder): void {
  const work = join(directory, WORK);
  const own = join(work, `claim.${process.pid}`);
  try {
    renameSync(join(work, dead.file), own);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    // No process id at all: the run was killed early, unless another process was faster.
    if (dead.pid === 0 && holderOf(directory).pid === 0) return;
    throw busy(directory, holderOf(directory).pid);
  }
  if (dead.file === "pid" && Number(readIfThere(own)) !== dead.pid) {
    // Another run has started meanwhile: it keeps its lock.
    renameSync(own, join(work, "pid"));
    throw busy(directory, holderOf(directory).pid);
  }
}

export function busy(directory: string, pid: number): FailedError {
  const who = pid > 0 ? ` (process ${pid})` : "";
  return new FailedError(
    `another run${who} is writing to ${directory}`,
    `Wait until it has ended and run again; if that process is another program, remove ${WORK}/pid first.`,
  );
}
