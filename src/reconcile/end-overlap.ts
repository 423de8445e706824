import { move } from "../answers/carry-over.ts";
import { flagsFor, keysToGive } from "../answers/flags-for.ts";
import { changedAddress, oldAddresses } from "../answers/overlap.ts";
import type { Answers } from "../answers/types.ts";
import { commandLine } from "../base/program.ts";
import { formatAddress } from "../ip/address.ts";
import type { State } from "../repository/state.ts";
import { FLEET_FILE } from "../repository/fleet-directory.ts";
import { stateAfterUndo } from "../repository/undo.ts";

/** An overlap that is on. */
export interface OpenOverlap {
  /** For a host of a fleet: the fleet's directory. */
  readonly directory: string;
  readonly state: State;
  readonly overlap: Answers;
}

/** How to end an overlap, in two ways: with the new addresses, or back to the old ones. */
export function endFirst({ directory, state, overlap }: OpenOverlap): string {
  const { answers } = state;
  const finish = commandLine("regenerate", directory, "--finish");
  if (state.fleet)
    return `Put the present addresses back into ${FLEET_FILE}, and end the overlap first:\n  ${finish}`;
  const undone = stateAfterUndo(directory);
  if (undone && !undone.overlap && !changedAddress(undone.answers, overlap))
    return `End the overlap first:\n  ${finish}\nOr cancel it:\n  ${commandLine("undo", directory)}`;
  const back = oldAnswers(answers, overlap);
  const flags = flagsFor(back, keysToGive(answers, back));
  return `End the overlap first:\n  ${finish}\nTo return to the old addresses instead, run that, then this, and deploy only then:\n  ${commandLine("regenerate", directory, ...flags)}`;
}

/** The answers with the addresses from before the overlap. */
function oldAnswers(answers: Answers, overlap: Answers): Answers {
  const { prefix, host, exposed, kong, gateway } = overlap;
  const back = move(answers, { prefix, host, exposed, kong, gateway });
  const left = oldAddresses(overlap, back)?.containers ?? [];
  const expose = back.expose.map((text) =>
    left.reduce(
      (now, { name, address, to }) =>
        now.startsWith(`${name}@`)
          ? now.replace(formatAddress(6, to), formatAddress(6, address))
          : now,
      text,
    ),
  );
  return { ...back, expose };
}
