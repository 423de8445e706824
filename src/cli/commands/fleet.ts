import { existsSync } from "node:fs";
import { join, resolve as absolute } from "node:path";
import { readAnswersFile, type FleetFile } from "../../answers/answers-file.ts";
import { styleFor } from "../../base/colors.ts";
import {
  EXIT,
  UnusableError,
  type ExitCode,
  type Issue,
} from "../../base/errors.ts";
import { printableJson } from "../../base/escape.ts";
import { isTerminal, write } from "../../base/stdio.ts";
import { prepareFleet, type FleetRequest } from "../../fleet/prepare.ts";
import { KEY } from "../../fleet/root-files.ts";
import { readFleet } from "../../fleet/read-fleet.ts";
import { hostPath, readFleetState } from "../../fleet/state.ts";
import { fleetJson, fleetText } from "../../fleet/text.ts";
import { apply } from "../../repository/apply.ts";
import { makeRepository, needsRepository } from "../../repository/git.ts";
import type { State } from "../../repository/state.ts";
import { sources } from "../../repository/state-errors.ts";
import { readState } from "../../repository/state-reader.ts";
import type { Probe } from "../../probe/probe.ts";
import { recover, recovery } from "../../repository/recover.ts";
import { FLEET_FILE } from "../../repository/fleet-directory.ts";
import { refuseOwnRepository } from "../../repository/target.ts";
import { answerFlags, type Arguments } from "../parse-args.ts";

/**
 * `create-kong-ipv6 [directory] --answers FILE`, where the file has `hosts`.
 * @param open checks the directory @returns it, as the owner wrote it
 */
export async function createFleet(
  args: Arguments,
  file: FleetFile,
  open: () => string,
): Promise<ExitCode> {
  const shown = open();
  const directory = absolute(shown);
  const notes = existsSync(directory) ? recovered(directory, args.dryRun) : [];
  if (!args.dryRun) refuseOwnRepository(directory);
  return await run(args, shown, file, undefined, notes);
}

/** `create-kong-ipv6 regenerate [directory]` of a fleet: fleet.yml has the answers. */
export async function regenerateFleet(args: Arguments): Promise<ExitCode> {
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const notes = recovered(directory, args.dryRun);
  const previous = readFleetState(directory);
  return await run(args, shown, await fleetFileIn(directory), previous, notes);
}

/** `create-kong-ipv6 check [directory]` of a fleet. */
export async function checkFleet(args: Arguments): Promise<ExitCode> {
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const previous = readFleetState(directory);
  const fleet = readFleet(await fleetFileIn(directory));
  const { inspectFleet, inspectionText } =
    await import("../../fleet/inspect.ts");
  const found = await inspectFleet(directory, fleet, previous);
  const hosts = Object.fromEntries(found.hosts);
  const text = args.json
    ? printableJson({ ...found, directory, hosts })
    : inspectionText(found, shown, styleFor(isTerminal(1), args.color));
  write(1, `${text}\n`);
  return found.exitCode;
}

/** `create-kong-ipv6 probe [directory]` of a fleet: all hosts, one table. */
export async function probeFleet(
  args: Arguments,
  probe: (state: State, timeout: number) => Promise<Probe>,
): Promise<ExitCode> {
  const directory = absolute(args.directory ?? ".");
  const { hosts } = readFleetState(directory).state;
  const states = new Map(
    hosts.map((name) => [
      name,
      readState(join(directory, hostPath(name))).state,
    ]),
  );
  const { fleetProbeJson, fleetProbeText, probeHosts, verdict } =
    await import("../../fleet/probe.ts");
  const found = await probeHosts(hosts, (name) =>
    probe(states.get(name) as State, args.timeout),
  );
  const text = args.json
    ? fleetProbeJson(found)
    : fleetProbeText(found, styleFor(isTerminal(1), args.color));
  write(1, `${text}\n`);
  return verdict(found).exitCode;
}

/** `create-kong-ipv6 detect --answers FILE`: the facts of each host that has an ssh answer, in that file. */
export async function detectFleet(args: Arguments): Promise<ExitCode> {
  const { fleet } = await readAnswersFile(args.answersFile as string);
  if (!fleet || args.ssh !== undefined)
    throw new UnusableError([fleet ? ONE_OR_ALL : NOT_HOSTS]);
  const { detectHosts, detectedFleetJson, detectedFleetYaml } =
    await import("../../fleet/detect.ts");
  const { readServer } = await import("../../detect/detector.ts");
  const { inferAnswers } = await import("../../detect/infer/infer-answers.ts");
  const { detectionText } = await import("../../detect/print.ts");
  const style = styleFor(isTerminal(2), args.color);
  const found = await detectHosts(fleet, async (ssh, given) =>
    inferAnswers(await readServer(ssh, isTerminal(0)), given),
  );
  if (!args.json)
    for (const [name, one] of found.hosts)
      write(2, `${name}:\n${detectionText(one, style)}\n`);
  const print = args.yaml ? detectedFleetYaml : detectedFleetJson;
  write(1, `${print(found)}\n`);
  return EXIT.done;
}

const ONE_OR_ALL: Issue = {
  flag: "--ssh",
  reason: "the hosts of --answers have their logins there",
  remedy: "Leave it out",
};

const NOT_HOSTS: Issue = {
  flag: "--answers",
  reason: "detect reads a file of hosts only",
  remedy: "Write hosts: with one line for each server, or give --ssh alone",
};

/** The owner's file. @throws UnusableError if it describes no hosts */
export async function fleetFileIn(directory: string): Promise<FleetFile> {
  const file = join(directory, FLEET_FILE);
  if (!existsSync(file))
    throw new UnusableError([
      {
        flag: "directory",
        value: directory,
        reason: `its ${FLEET_FILE} is missing`,
        remedy: `Take that from ${sources(directory, FLEET_FILE)}`,
      },
    ]);
  const { fleet } = await readAnswersFile(file);
  if (fleet) return fleet;
  throw new UnusableError([
    {
      flag: FLEET_FILE,
      reason: "it has no hosts",
      remedy: "Write hosts: with one line for each server",
    },
  ]);
}

/** An interrupted run is undone or completed before anything is read. */
function recovered(directory: string, dryRun: boolean): string[] {
  const became = (dryRun ? recovery : recover)(directory);
  if (became === undefined) return [];
  return [
    became === "completed"
      ? "An earlier run was interrupted: all files were written, and stay."
      : `An earlier run was interrupted: its writes ${dryRun ? "are undone first, without --dry-run" : "were undone"}.`,
  ];
}

async function run(
  args: Arguments,
  shown: string,
  file: FleetFile,
  previous: FleetRequest["previous"],
  notes: readonly string[] = [],
): Promise<ExitCode> {
  const { dryRun, conflict, phase, git } = args;
  const issues = [...args.issues, ...answerIssues(args)];
  const directory = absolute(shown);
  const { outcome: prepared, operations } = await collecting(issues, () =>
    prepareFleet(readFleet(file), {
      directory,
      dryRun,
      conflict,
      phase,
      previous,
    }),
  );
  const gitNotes: string[] = [];
  if (operations.length > 0) {
    const makesGit = git && needsRepository(directory);
    apply(directory, operations, (whole) => {
      const note = makesGit
        ? makeRepository(whole, whole === directory, [KEY])
        : undefined;
      if (note !== undefined) gitNotes.push(note);
    });
  }
  const outcome = {
    ...prepared,
    notes: [...notes, ...prepared.notes, ...gitNotes],
  };
  const diff = args.diff ? await import("../../report/diff.ts") : undefined;
  const options = {
    shown,
    dryRun,
    diff,
    creates: previous === undefined,
    answersFile: args.answersFile ?? FLEET_FILE,
  };
  const text = args.json
    ? fleetJson(outcome, options)
    : fleetText(outcome, options, styleFor(isTerminal(1), args.color));
  write(1, `${text}\n`);
  return outcome.exitCode;
}

/** Reports the issues of the arguments together with those of the hosts. */
async function collecting<T>(
  issues: readonly Issue[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work();
    if (issues.length > 0) throw new UnusableError([]);
    return result;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    throw new UnusableError([...issues, ...error.issues]);
  }
}

/** Flags for answers: which host would they be for? */
const answerIssues = (args: Arguments): Issue[] =>
  answerFlags(args).map((flag) => ({
    flag,
    reason: `a fleet has its answers in ${FLEET_FILE}`,
    remedy: "Edit that instead",
  }));
