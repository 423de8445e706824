import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseInternalPrefix } from "../answers/parse-addresses.ts";
import type { Given } from "../answers/resolve.ts";
import { Refusal, UnusableError } from "../base/errors.ts";
import { commandLine } from "../base/program.ts";
import { PLAN_FILE } from "../render/generated-files.ts";
import { targetKind, readDisk, textAt } from "./disk.ts";
import { wasInterrupted } from "./recover.ts";
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

/** create refuses a generated repository: regenerate changes it. */
export function refuseOwnRepository(directory: string): void {
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry === undefined || entry.kind === "absent") return;
  throw new UnusableError([
    {
      flag: "directory",
      value: directory,
      reason: `it already holds a generated repository (${STATE_FILE})`,
      remedy: `To update it, run:\n  ${commandLine("regenerate", directory)}`,
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

const DAEMON_JSON = "host/etc/docker/daemon.json";

/**
 * The answer that create draws at random, if generated files have it already: a repository without
 * its state keeps it.
 */
export function existingAnswers(directory: string): Given {
  const disk = readDisk(directory, [PLAN_FILE, DAEMON_JSON]);
  const entry = disk.get(DAEMON_JSON);
  if (entry?.kind !== "file" || disk.get(PLAN_FILE)?.kind !== "file") return {};
  try {
    const settings = JSON.parse(entry.text) as Record<string, unknown> | null;
    const internalPrefix = settings?.["fixed-cidr-v6"];
    if (typeof internalPrefix !== "string") return {};
    parseInternalPrefix(internalPrefix);
    return { internalPrefix };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Refusal) return {};
    throw error;
  }
}
