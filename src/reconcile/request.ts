import type { ManualStep } from "../renumber/manual-steps.ts";
import type { Answers } from "../answers/types.ts";
import type { Change } from "./change.ts";
import type { ExitCode, Issue } from "../base/errors.ts";
import type { StaleAddress } from "../renumber/find-stale.ts";
import type { Operation } from "../repository/operation.ts";
import type { Plan } from "../plan/plan.ts";
import type { FleetRole } from "../plan/types.ts";
import type { State } from "../repository/state.ts";

/** What becomes of a conflict: the owner's file, the generated text, or both with conflict markers. */
export const RESOLUTIONS = ["keep", "theirs", "markers"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** The flags of regenerate that begin and end an overlap. */
export type Phase = "overlap" | "finish";

/** What a run is asked to do. */
export interface Request {
  /** Absolute. */
  readonly directory: string;
  readonly dryRun: boolean;
  readonly conflict: "ask" | Resolution;
  readonly git: boolean;
  /** Whether old addresses stay beside changed ones (`--overlap`), or end (`--finish`). */
  readonly phase?: Phase;
  /** What a fleet adds to this server. A run for one host alone does not change it. */
  readonly fleet?: FleetRole;
  /** The state before this run; undefined to create a repository. */
  readonly previous?: State;
  /** The text of its file, as it was read. */
  readonly previousText?: string;
}

/** What a run did, or would do. report/outcome-text.ts and outcome-json.ts print it. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly directory: string;
  readonly answers: Answers;
  readonly plan: Plan;
  readonly warnings: readonly Issue[];
  readonly changes: readonly Change[];
  /** The owner's choices for conflicts, by flag or when asked. */
  readonly resolutions: readonly Resolution[];
  readonly written: boolean;
  /** Other messages: a recovery, git without a user name, an old `.new` file. */
  readonly notes: readonly string[];
  /** What only the owner can do after addresses changed. */
  readonly steps: readonly ManualStep[];
  /** Old addresses that are still in the repository. */
  readonly stale: readonly StaleAddress[];
  /** The answers before this run, if there was a repository. */
  readonly previousAnswers?: Answers;
  /** During an overlap after this run: the answers before the overlap. */
  readonly overlap?: Answers;
  /** What this run did about an overlap. */
  readonly phase?: Phase;
  /** The answers that the server has until a deploy is confirmed. */
  readonly deployed?: Answers;
}

/** All that a run is going to write. Nothing is written yet. */
export interface Prepared {
  readonly request: Request;
  /** The outcome after the operations. */
  readonly outcome: Outcome;
  readonly operations: readonly Operation[];
  readonly makesGit: boolean;
}

/** Asks the owner, at a terminal, what to do with conflicts and deleted files. */
export interface ConflictPrompts {
  /** The choice for each conflict, by path. */
  readonly askConflicts: (
    conflicts: readonly Change[],
  ) => Promise<Map<string, Resolution>>;
  /** The choice for each deleted file, by path; no entry if it stays deleted. */
  readonly askDeleted: (
    deleted: readonly Change[],
  ) => Promise<Map<string, Resolution>>;
}
