import { lookAtTarget, readDisk } from "./disk.ts";
import { UnusableError } from "../base/errors.ts";
import { wasCutOff } from "./recover.ts";
import { STATE_FILE } from "./state.ts";

/** create refuses a repository that was generated before: regenerate is for that. */
export function refuseOwnRepository(directory: string): void {
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry === undefined || entry.kind === "absent") return;
  throw new UnusableError([
    {
      flag: "directory",
      value: directory,
      reason: `it holds a generated repository already (${STATE_FILE})`,
      remedy: `create-kong-ipv6 regenerate ${directory} follows changes`,
    },
  ]);
}

/**
 * Looks at the target of create before anything is asked.
 * @throws FailedError where it is no directory, UnusableError where it was generated already
 */
export function inspectTarget(directory: string): void {
  lookAtTarget(directory);
  // A write that was cut off is rolled back or completed first.
  if (!wasCutOff(directory)) refuseOwnRepository(directory);
}
