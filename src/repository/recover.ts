import { existsSync } from "node:fs";
import { join } from "node:path";
import { codeOf, FailedError } from "../base/errors.ts";
import { complete, discard, editedError, rollBack } from "./finish.ts";
import { isPending, readJournal, WORK, type Journal } from "./journal.ts";
import { busy, claim, holderOf, removeDeadLocks } from "./lock.ts";
import { ignoringFailure, isAlive, remedyFor } from "./write.ts";

/** Whether a run is writing into the directory, or was killed while it wrote. */
export const wasInterrupted = (directory: string): boolean =>
  existsSync(join(directory, WORK));

/** The result of an interrupted write: rolled back, or completed if all files were in their places. */
export type Recovered = "rolled back" | "completed";

/** What recover() would do; undefined if no write was interrupted. Reads only. */
export function recovery(directory: string): Recovered | undefined {
  if (!wasInterrupted(directory)) return undefined;
  try {
    return outcomeOf(directory, readJournal(directory, WORK));
  } catch (error) {
    // A run that writes reports that the journal can't be trusted.
    if (error instanceof FailedError) return "rolled back";
    throw error;
  }
}

/** If one file is not in its place, the write is not complete. */
function outcomeOf(directory: string, journal: Journal | undefined): Recovered {
  const work = join(directory, WORK);
  const pending =
    journal?.files.some((_, index) => isPending(work, index)) ?? true;
  return pending ? "rolled back" : "completed";
}

/**
 * Rolls an interrupted write back, or completes it if all files were in their places.
 * @returns which of both; undefined if no write was interrupted
 * @throws FailedError if that run is still writing, or its journal can't be trusted
 * @throws EditedError if the owner has edited files of that write: all others are rolled back
 */
export function recover(directory: string): Recovered | undefined {
  if (!wasInterrupted(directory)) {
    ignoringFailure(() => removeDeadLocks(directory));
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
    else if (outcome === "rolled back") edited = rollBack(directory, journal);
    else complete(directory, journal);
  } catch (error) {
    throw new FailedError(
      `the unfinished write of an earlier run in ${directory} can't be completed or undone (${codeOf(error)})`,
      remedyFor(codeOf(error)),
      { cause: error },
    );
  }
  if (edited.length > 0)
    throw editedError(
      "an earlier run was interrupted while writing here. Its writes were undone",
      edited,
    );
  return outcome;
}
