import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PLAN_FILE } from "../render/generated-files.ts";
import { readDisk, textAt } from "./disk.ts";
import { STATE_FILE } from "./state.ts";

/** The owner's file of answers in a fleet's directory (src/fleet/). */
export const FLEET_FILE = "fleet.yml";

/** Whether a directory holds a fleet. Its state tells, or the owner's file of hosts: one of them may be lost. */
export const holdsFleet = (directory: string): boolean =>
  namesHosts(directory) ||
  (existsSync(join(directory, FLEET_FILE)) &&
    !existsSync(join(directory, PLAN_FILE)));

function namesHosts(directory: string): boolean {
  const disk = readDisk(directory, [STATE_FILE]);
  try {
    const state: unknown = JSON.parse(textAt(disk, STATE_FILE) ?? "null");
    return typeof state === "object" && state !== null && "hosts" in state;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The directory of the fleet that a host's directory is in; undefined for a single repository. */
export function fleetOf(directory: string): string | undefined {
  const above = dirname(directory);
  const fleet = dirname(above);
  return basename(above) === "hosts" && holdsFleet(fleet) ? fleet : undefined;
}
