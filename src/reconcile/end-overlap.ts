import { move } from "../answers/carry-over.ts";
import { flagsFor, keysToGive } from "../answers/flags-for.ts";
import { changedAddress, oldAddresses } from "../answers/overlap.ts";
import type { Answers } from "../answers/types.ts";
import { commandLine } from "../base/program.ts";
import { formatAddress } from "../ip/address.ts";
import type { State } from "../repository/state.ts";
import { stateAfterUndo } from "../repository/undo.ts";

/** An overlap that is on. */
export interface Begun {
  readonly directory: string;
  readonly state: State;
  readonly overlap: Answers;
}

/** How to end an overlap, in two ways: with the new addresses, or back to the old ones. */
export function endFirst({
  directory,
  state: { answers },
  overlap,
}: Begun): string {
  const finish = commandLine("regenerate", directory, "--finish");
  const undone = stateAfterUndo(directory);
  if (undone && !undone.overlap && !changedAddress(undone.answers, overlap))
    return `End the overlap first: ${finish}. Or cancel it: ${commandLine("undo", directory)}`;
  const back = oldAnswers(answers, overlap);
  const flags = flagsFor(back, keysToGive(answers, back));
  return `End the overlap first: ${finish}. To return to the old addresses instead, run that, then ${commandLine("regenerate", directory, ...flags)}, and deploy only then`;
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
