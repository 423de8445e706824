import { changedAddress, oldAddresses } from "../answers/overlap.ts";
import { overlapIssues } from "../answers/overlap-issues.ts";
import type { Answers } from "../answers/types.ts";
import { UnusableError, type Issue } from "../base/errors.ts";
import { commandLine } from "../base/program.ts";
import { endFirst, type Begun } from "./end-overlap.ts";
import type { Outcome, Request } from "./request.ts";

/**
 * Whether an overlap is on after this run.
 * @param answers after this run
 * @throws UnusableError if the flags and the answers don't fit
 */
export function phaseAfter(
  request: Pick<Request, "directory" | "phase" | "previous">,
  answers: Answers,
): Pick<Outcome, "overlap" | "phase"> {
  const overlap = overlapAfter(request, answers);
  const { phase } = request;
  return { ...(overlap && { overlap }), ...(phase && { phase }) };
}

/** The answers whose addresses stay beside the new ones; undefined if no overlap is on then. */
function overlapAfter(
  {
    directory,
    phase,
    previous,
  }: Pick<Request, "directory" | "phase" | "previous">,
  answers: Answers,
): Answers | undefined {
  if (previous === undefined) return undefined;
  if (previous.overlap)
    return during(
      { directory, state: previous, overlap: previous.overlap },
      answers,
      phase === "finish",
    );
  if (phase === "finish") throw new UnusableError([NO_OVERLAP]);
  return phase === "overlap" ? begun(previous.answers, answers) : undefined;
}

const NO_OVERLAP: Issue = {
  flag: "--finish",
  reason: "there is no overlap: the repository has no old addresses",
  remedy: "Leave it out",
};

function during(
  begun: Begun,
  answers: Answers,
  finishes: boolean,
): Answers | undefined {
  const { directory, state, overlap } = begun;
  const flag = changedAddress(state.answers, answers);
  if (flag !== undefined)
    throw new UnusableError([
      {
        flag,
        reason: "addresses can't change during an overlap",
        remedy: endFirst(begun),
      },
    ]);
  if (finishes) return undefined;
  const issues = [
    ...interfaceIssues(overlap, answers, () => endFirst(begun)),
    ...overlapIssues(
      overlap,
      answers,
      `first run ${commandLine("regenerate", directory, "--finish")}`,
    ),
  ];
  if (issues.length > 0) throw new UnusableError(issues);
  return overlap;
}

function begun(last: Answers, answers: Answers): Answers {
  const issues = [
    ...interfaceIssues(
      last,
      answers,
      () => "Change it in a run of its own, or leave out --overlap",
    ),
    ...overlapIssues(last, answers, "leave out --overlap"),
  ];
  if (issues.length > 0) throw new UnusableError(issues);
  if (oldAddresses(last, answers) !== undefined) return last;
  const changed = changedAddress(last, answers);
  throw new UnusableError([
    {
      flag: "--overlap",
      reason:
        changed === undefined
          ? "no address changes"
          : `no address changes, only ${changed}`,
      remedy:
        changed === undefined
          ? "Give the new --prefix, --host, --exposed, --kong or --expose with it"
          : "Leave it out",
    },
  ]);
}

/** Old addresses can be reached through their own link only. */
function interfaceIssues(
  last: Answers,
  answers: Answers,
  remedy: () => string,
): Issue[] {
  if (last.interface === answers.interface) return [];
  return [
    {
      flag: "--interface",
      value: answers.interface,
      reason: `the old addresses are on ${last.interface}`,
      remedy: remedy(),
    },
  ];
}
