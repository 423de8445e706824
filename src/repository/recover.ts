import { existsSync } from "node:fs";
import { join } from "node:path";
import { codeOf, EditedError, FailedError } from "../base/errors.ts";
import { complete, discard, rollBack } from "./finish.ts";
import { isPending, readJournal, WORK, type Journal } from "./journal.ts";
import { busy, claim, holderOf, removeDeadLocks } from "./lock.ts";
import { isAlive, remedyFor } from "./write.ts";

/** Whether a run is writing into a directory in use, or was killed while it was. */
export const wasCutOff = (directory: string): boolean =>
  existsSync(join(directory, WORK));

/** What becomes of a write that was cut off: rolled back, or completed if all was in its place. */
export type Recovered = "taken back" | "ended";

/** What recover() would do; undefined if no write was cut off. Reads only. */
export function recovery(directory: string): Recovered | undefined {
  if (!wasCutOff(directory)) return undefined;
  try {
    return outcomeOf(directory, readJournal(directory, WORK));
  } catch (error) {
    // The run that writes here is told that the journal can't be trusted.
    if (error instanceof FailedError) return "taken back";
    throw error;
  }
}

/** A file that was never moved to its place shows that others may be missing, too. */
function outcomeOf(directory: string, journal: Journal | undefined): Recovered {
  const work = join(directory, WORK);
  const pending =
    journal?.files.some((_, index) => isPending(work, index)) ?? true;
  return pending ? "taken back" : "ended";
}

/**
 * Rolls back a write that was cut off, or completes it if all was in its place.
 * @returns which of both; undefined if there was nothing
 * @throws FailedError if that run is still writing, or its journal can't be trusted
 * @throws EditedError if the owner has edited what it wrote since: the rest is rolled back
 */
export function recover(directory: string): Recovered | undefined {
  if (!wasCutOff(directory)) {
    tidyUp(directory);
    return undefined;
  }
  const holder = holderOf(directory);
  if (holder.pid > 0 && holder.pid !== process.pid && isAlive(holder.pid))
    throw busy(directory, holder.pid);
  const journal = readJournal(directory, WORK);
  const outcome = outcomeOf(directory, journal);
  claim(directory, holder);
  let edited: string[] = [];
  try {
    if (journal === undefined) discard(directory);
    else if (outcome === "taken back") edited = rollBack(directory, journal);
    else complete(directory, journal);
  } catch (error) {
    throw new FailedError(
      `what an earlier run began in ${directory} can't be undone (${codeOf(error)})`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
  if (edited.length > 0)
    throw new EditedError(
      `an earlier run was cut off while writing here. What it had begun was undone, except for files edited since: ${edited.join(", ")}`,
      "These hold that run's text and your edits. Compare each with the file named behind it, correct it, and run again.",
    );
  return outcome;
}

/** Removes dead locks if it can: nothing depends on it. */
function tidyUp(directory: string): void {
  try {
    removeDeadLocks(directory);
  } catch (error) {
    if (codeOf(error) === String(error)) throw error;
  }
}
