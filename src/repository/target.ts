import { program } from "../base/program.ts";
import { targetKind, readDisk } from "./disk.ts";
import { UnusableError } from "../base/errors.ts";
import { wasInterrupted } from "./recover.ts";
import { STATE_FILE } from "./state.ts";

/** create refuses a generated repository: regenerate changes it. */
export function refuseOwnRepository(directory: string): void {
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry === undefined || entry.kind === "absent") return;
  throw new UnusableError([
    {
      flag: "directory",
      value: directory,
      reason: `it already holds a generated repository (${STATE_FILE})`,
      remedy: `Run ${program()} regenerate ${directory} to update it`,
    },
  ]);
}

/**
 * Checks the target of create before the first question.
 * @throws FailedError if it is not a directory, UnusableError if it holds a generated repository
 */
export function inspectTarget(directory: string): void {
  targetKind(directory);
  // An interrupted write is rolled back or completed first.
  if (!wasInterrupted(directory)) refuseOwnRepository(directory);
}
