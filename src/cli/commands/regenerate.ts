import { resolve as absolute } from "node:path";
import { answerFlags, type Arguments } from "../parse-args.ts";
import { UnusableError, type ExitCode } from "../../base/errors.ts";
import { commandLine } from "../../base/program.ts";
import { readState } from "../../repository/state-reader.ts";
import {
  FLEET_FILE,
  fleetOf,
  holdsFleet,
} from "../../repository/fleet-directory.ts";
import { run } from "../run.ts";

/** `create-kong-ipv6 regenerate [directory]`: updates a repository after changed answers, or for a newer generator. */
export async function regenerate(args: Arguments): Promise<ExitCode> {
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  if (holdsFleet(directory))
    return await (await import("./fleet.ts")).regenerateFleet(args);
  const fleet = fleetOf(directory);
  // A host's answers are not asked about: fleet.yml has them.
  return await run(fleet ? { ...args, yes: true } : args, () => {
    const { state: previous, text: previousText } = readState(directory);
    if (previous.fleet) refuseAnswers(args, fleet);
    return { shown, previous, previousText };
  });
}

/** The other hosts and fleet.yml would not know what a host's own run changes. */
function refuseAnswers(args: Arguments, fleet = "FLEET"): void {
  const { phase } = args;
  const flags = answerFlags(args);
  const edit =
    flags.length > 0 ? `Edit ${FLEET_FILE} instead, then run` : "Run";
  const own = phase ? [`--${phase}`] : [];
  if (flags.length + own.length === 0) return;
  throw new UnusableError([
    {
      flag: [...flags, ...own].join(", "),
      reason: `this is a host of a fleet, which has its answers in ${FLEET_FILE}`,
      remedy: `${edit} this on the fleet:\n  ${commandLine("regenerate", fleet, ...own)}`,
    },
  ]);
}
