import { parseInternalPrefix } from "../answers/parse-addresses.ts";
import type { Given } from "../answers/resolve.ts";
import { Refusal, UnusableError } from "../base/errors.ts";
import { commandLine } from "../base/program.ts";
import { PLAN_FILE } from "../render/generated-files.ts";
import { targetKind, readDisk } from "./disk.ts";
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
