import type { ManualStep } from "../renumber/manual-steps.ts";
import type { Answers } from "../answers/types.ts";
import type { Change } from "./change.ts";
import type { ExitCode, Issue } from "../base/errors.ts";
import type { StaleAddress } from "../renumber/find-stale.ts";
import type { Operation } from "../repository/operation.ts";
import type { Plan } from "../plan/plan.ts";
import type { Recovered } from "../repository/in-place.ts";
import type { State } from "../repository/state.ts";

/** What becomes of a conflict: the owner's file, the generated text, or both with conflict markers. */
export const RESOLUTIONS = ["keep", "theirs", "markers"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** What a run is asked to do. */
export interface Request {
  /** Absolute. */
  readonly directory: string;
  readonly dryRun: boolean;
  readonly conflict: "ask" | Resolution;
  readonly git: boolean;
  /** What was generated before: then it is followed. */
  readonly previous?: State;
  /** What has become of a run that was cut off already. */
  readonly recovered?: Recovered;
}

/** What a run has done, or would do: outcome.ts turns it into text or JSON. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly directory: string;
  readonly answers: Answers;
  readonly plan: Plan;
  readonly warnings: readonly Issue[];
  readonly changes: readonly Change[];
  /** What was said of the files in the way, beforehand or when asked. */
  readonly resolutions: readonly Resolution[];
  readonly written: boolean;
  /** What happened besides: a write taken back, git without a name, a `.new` file left over. */
  readonly notes: readonly string[];
  /** What only the owner can do, after addresses changed. */
  readonly steps: readonly ManualStep[];
  /** Where data are or were, as patterns from the repository's top: a copy leaves them alone. */
  readonly data: readonly string[];
  /** Where addresses of the past still stand. */
  readonly stale: readonly StaleAddress[];
  /** The answers of before, where there was a repository. */
  readonly previousAnswers?: Answers;
}

/** All that a run is going to do, and nothing done yet. */
export interface Prepared {
  readonly request: Request;
  /** As it will be once the operations are carried out. */
  readonly outcome: Outcome;
  readonly operations: readonly Operation[];
  readonly makesGit: boolean;
}

/** The owner at a terminal, where there is one: says what shall become of files in the way. */
export interface Owner {
  /** For each conflict, by path. */
  readonly askConflicts: (
    conflicts: readonly Change[],
  ) => Promise<Map<string, Resolution>>;
  /** For each deleted file, by path; none for one that stays deleted. */
  readonly askDeleted: (
    deleted: readonly Change[],
  ) => Promise<Map<string, Resolution>>;
}
