import type { Outcome, ConflictPrompts, Prepared, Request } from "./request.ts";
import { surveyMoved } from "../answers/survey-moved.ts";
import { remainingWork, type RemainingWork } from "./remaining-work.ts";
import { withDataPatterns } from "./bases.ts";
import { WRITING, type Action, type Change } from "./change.ts";
import { nameStatus, renamedCompose } from "./compose-names.ts";
import { decideAll, pathsOf } from "./decide-all.ts";
import { readDisk, type Disk } from "../repository/disk.ts";
import { EXIT, FailedError, type ExitCode } from "../base/errors.ts";
import { needsRepository } from "../repository/git.ts";
import { recover, recovery } from "../repository/recover.ts";
import { notesOn, unusableNotes } from "./notices.ts";
import { phaseAfter } from "./phase.ts";
import { planOf } from "../plan/plan.ts";
import { render, type Tree } from "../render/render.ts";
import { complete, type Resolved, type Survey } from "../answers/resolve.ts";
import { STATE_FILE, type State } from "../repository/state.ts";
import { refuseOwnRepository } from "../repository/target.ts";

/**
 * Everything up to the operations on the disk; the only writes are those of a recovery.
 * @param found a survey of the given answers; with defaults, if there is no previous state
 * @param prompts asks about files in the way
 * @throws UnusableError | FailedError
 */
export async function prepare(
  found: Survey,
  request: Request,
  prompts?: ConflictPrompts,
): Promise<Prepared> {
  const { directory, previous } = request;
  const { answers, warnings } = resolveAll(found, previous);
  const phase = phaseAfter(request, answers);
  const fleet = request.fleet ?? previous?.fleet;
  const role = fleet && { fleet };
  const present = planOf({ answers, ...phase, ...role });
  const rendered = previous
    ? withDataPatterns(render(present), directory, previous)
    : render(present);
  const makesGit = request.git && needsRepository(directory);
  // Only now, because a refused run writes nothing.
  const notes = recoverFirst(request);
  if (previous === undefined) refuseOwnRepository(directory);
  if (request.git && !makesGit)
    notes.push(
      "--git: this is inside a git repository already; none was made.",
    );

  const disk = diskOf(request, rendered);
  const renamed = previous && renamedCompose(directory);
  const { changes, resolutions, operations } = await decideAll(
    request,
    { answers, ...phase, ...role, present, rendered, renamed },
    disk,
    prompts,
  );
  const known = { changes, rendered, disk };
  const unusable = await unusableNotes(request, known);
  notes.push(...notesOn(request, known, prompts), ...unusable);
  const after = previous
    ? remainingWork(directory, previous, present, changes, rendered, disk)
    : NOTHING_BEFORE;
  const { steps, stale, deployed } = after;
  const outcome: Outcome = {
    exitCode: exitCodeOf(
      request,
      changes,
      unusable.length > 0 || nameStatus(directory, false) !== undefined,
    ),
    directory,
    answers,
    plan: present,
    warnings: [...warnings, ...after.warnings],
    changes,
    resolutions,
    written: operations.length > 0,
    notes: [...notes, ...after.notes],
    steps,
    stale,
    ...(previous && { previousAnswers: previous.answers }),
    ...phase,
    ...(deployed && { deployed }),
  };
  return { request, outcome, operations, makesGit };
}

/** A new repository has no old addresses, and no steps that follow from them. */
const NOTHING_BEFORE: RemainingWork = {
  steps: [],
  stale: [],
  notes: [],
  warnings: [],
};

function diskOf(
  { directory, previous, previousText }: Request,
  rendered: Tree,
): Disk {
  const disk = readDisk(directory, pathsOf(rendered, previous));
  if (previous) refuseOtherState(previousText, disk);
  return disk;
}

/** @param unusable whether a file is not usable, or not read */
function exitCodeOf(
  { dryRun }: Request,
  changes: readonly Change[],
  unusable: boolean,
): ExitCode {
  const has = (...actions: Action[]): boolean =>
    changes.some(({ action }) => actions.includes(action));
  const isLeft =
    unusable ||
    changes.some(({ contradicts, renamed }) => contradicts ?? renamed);
  if (!dryRun)
    return isLeft || has("conflict", "markers") ? EXIT.conflicts : EXIT.done;
  return isLeft || has("conflict", ...WRITING) ? EXIT.changes : EXIT.done;
}

/** The given answers, with the previous ones as defaults; addresses in a subnet that moved move with it. */
export function resolveAll(
  found: Survey,
  previous: State | undefined,
): Resolved {
  return complete(previous ? surveyMoved(found, previous.answers) : found);
}

/** Recovers from a run that was interrupted: its writes are undone or completed. A dry run only reports it. */
function recoverFirst({ directory, dryRun }: Request): string[] {
  const became = (dryRun ? recovery : recover)(directory);
  if (became === undefined) return [];
  const interrupted = "An earlier run was interrupted while writing here: ";
  if (became === "completed")
    return [`${interrupted}all files were written, and stay.`];
  return dryRun
    ? [`${interrupted}without --dry-run, its writes are undone first.`]
    : [`${interrupted}its writes were undone.`];
}

/** Refuses if another run wrote since the state was read. The files were read before this second look. */
function refuseOtherState(previousText: string | undefined, disk: Disk): void {
  const entry = disk.get(STATE_FILE);
  if (entry?.kind === "file" && entry.text === previousText) return;
  throw new FailedError(
    `${STATE_FILE} was changed by another run; nothing was written`,
    "Run again.",
  );
}
