import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FailedError, sentence, UnusableError } from "../base/errors.ts";
import { commandLine, fromHere, gitLine, program } from "../base/program.ts";
import { PLAN_FILE } from "../render/generated-files.ts";
import { STATE_FILE } from "./state.ts";
import { fleetOf, FLEET_FILE } from "./fleet-directory.ts";

// Why the state of a repository can't be read, and what would do.

export const unusable = (
  directory: string,
  reason: string,
  remedy: string,
): UnusableError =>
  new UnusableError([
    {
      flag: "directory",
      value: fromHere(join(directory, STATE_FILE)),
      reason,
      remedy,
    },
  ]);

/** How to end a merge of git's. Which side has the wanted answers, only the owner knows. */
export const oneSide = (directory: string): string =>
  [
    "Take the side with the answers that you want to keep, such as the new prefix. One of these:",
    `  ${gitLine(directory, `checkout --ours ${STATE_FILE}`)}`,
    `  ${gitLine(directory, `checkout --theirs ${STATE_FILE}`)}`,
    "Then run:",
    `  ${commandLine("regenerate", fleetOf(directory) ?? directory)}`,
  ].join("\n");

/** How to get another state. */
export const restore = (directory: string): string =>
  orAdopt(
    directory,
    `Take the file from ${sources(directory, STATE_FILE)}`,
    "delete it and ",
  );

/** Where a copy of a file or directory may be. */
export function sources(directory: string, path: string): string {
  let at = directory;
  while (!existsSync(join(at, ".git")) && dirname(at) !== at) at = dirname(at);
  return existsSync(join(at, ".git"))
    ? `a backup, or from git:\n  ${gitLine(directory, `checkout HEAD ${path}`)}`
    : "a backup";
}

/** The way without a copy; not for a fleet's host, of which create would make a single server. */
const orAdopt = (directory: string, take: string, first = ""): string =>
  fleetOf(directory) === undefined
    ? `${sentence(take)}\nWithout a copy, ${first}run this with the same answers; it adopts the repository:\n  ${commandLine("create", directory, "--conflict", "keep")}`
    : take;

export function missing(directory: string): UnusableError {
  const fleet = fleetOf(directory);
  const [reason, remedy] = existsSync(join(directory, PLAN_FILE))
    ? [
        `its ${STATE_FILE} is missing`,
        orAdopt(directory, `Take that from ${sources(directory, STATE_FILE)}`),
      ]
    : [
        "it holds no generated repository",
        fleet === undefined
          ? `To create one, run:\n  ${program()} DIRECTORY`
          : lostHost(fleet, basename(directory)),
      ];
  return new UnusableError([
    { flag: "directory", value: directory, reason, remedy },
  ]);
}

/** How to get a host's directory back. */
const lostHost = (fleet: string, name: string): string =>
  [
    sentence(`Take it from ${sources(fleet, `hosts/${name}`)}`),
    `Without a copy, take ${name} out of ${FLEET_FILE}, run this, put it back, and run it again:`,
    `  ${commandLine("regenerate", fleet)}`,
  ].join("\n");

export const unreadable = (directory: string, code: string): FailedError =>
  new FailedError(
    `${join(directory, STATE_FILE)} can't be read (${code})`,
    code === "EACCES" || code === "EPERM"
      ? "Run this as the user that it belongs to, or change its permissions."
      : "Check the disk, or take the file from git again or from a backup.",
  );
