import type { Answers } from "../answers/types.ts";
import { plan, type Plan } from "../plan/plan.ts";
import type { FleetRole } from "../plan/types.ts";
import type { Tree } from "../render/render.ts";
import type { Disk } from "../repository/disk.ts";
import type { Operation } from "../repository/operation.ts";
import { staleValues } from "../renumber/stale.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { allPreviousAnswers, STATE_FILE } from "../repository/state.ts";
import { basesOf } from "./bases.ts";
import {
  DELETED,
  isInstalled,
  isNeeded,
  STILL_INSTALLED,
  type Change,
} from "./change.ts";
import { compare } from "./compare.ts";
import { COMPOSE_FILE } from "./compose-names.ts";
import { contradictions } from "./contradictions/contradictions.ts";
import { offered } from "./faults.ts";
import { oldLines } from "./old-lines.ts";
import { allOperations } from "./operations.ts";
import type { ConflictPrompts, Request, Resolution } from "./request.ts";
import { resolveConflicts, type Choices } from "./resolve-conflict.ts";
import { SIDECAR, withSidecars } from "./sidecar.ts";

/** What the answers of this run come to. */
export interface Generated {
  readonly answers: Answers;
  /** During an overlap: the answers before it. */
  readonly overlap?: Answers;
  readonly fleet?: FleetRole;
  readonly present: Plan;
  readonly rendered: Tree;
  /** The file that was docker-compose.yml before the owner renamed it. */
  readonly renamed?: string | undefined;
}

interface Decided {
  readonly changes: readonly Change[];
  /** The owner's choices for conflicts, by flag or when asked. */
  readonly resolutions: readonly Resolution[];
  /** What is to be written, the state last. */
  readonly operations: readonly Operation[];
}

/**
 * All that a run decides from what was read before. No file is read or written.
 * @param disk every file that may change, the `.new` files and the state
 */
export async function decideAll(
  request: Choices,
  { answers, overlap, fleet, present, rendered, renamed }: Generated,
  disk: Disk,
  prompts?: ConflictPrompts,
): Promise<Decided> {
  const { previous } = request;
  const bases = previous && basesOf(previous, present, disk, rendered);
  const compared = await compare(rendered, disk, bases);
  const wrong = faultFinder(previous, present, rendered);
  const chooses =
    request.conflict !== "ask" || (prompts !== undefined && !request.dryRun);
  const known = compared
    .map((change) => stillKept(change, wrong, previous, chooses))
    .map((change) => withNewName(change, renamed));
  const { decided, resolutions } = await resolveConflicts(
    chooses && request.conflict !== "keep"
      ? await Promise.all(known.map((change) => offered(change, rendered)))
      : known,
    request,
    prompts,
  );
  const changes = (
    previous ? withSidecars(decided, disk, previous) : decided
  ).map((change) => withContradictions(change, wrong));
  const role = fleet && { fleet };
  const made = { answers, ...(overlap && { overlap }), ...role, changes };
  const operations = allOperations(request, made, rendered, disk);
  return { changes, resolutions, operations };
}

/** Where a text contradicts the answers. @param kept whether the owner keeps it in a conflict */
type Faults = (
  change: Change,
  text: string,
  kept: boolean,
) => readonly string[];

function faultFinder(
  previous: Request["previous"],
  present: Plan,
  rendered: Tree,
): Faults {
  const before = previous
    ? [previous.answers, ...allPreviousAnswers(previous)].map(plan)
    : [];
  const valueOf = staleValues(before, present);
  return ({ path, from = path }, text, kept) => {
    const plain = text.replaceAll("\r\n", "\n");
    const found = contradictions(path, plain, rendered);
    if (!kept || path === SECRET_FILE) return found;
    const held = previous?.files[from];
    return [...found, ...oldLines(path, plain, held, rendered, valueOf)];
  };
}

/**
 * A file that the owner kept, although it contradicts the answers, stays until the conflict is offered
 * again. As soon as it agrees, there is none.
 */
function stillKept(
  change: Change,
  wrong: Faults,
  previous: Request["previous"],
  chooses: boolean,
): Change {
  const { path, from = path, action, before, marked } = change;
  if (action !== "conflict" || !previous?.files[from]?.kept) return change;
  if (before === null || marked === undefined) return change;
  const agrees = (): boolean => wrong(change, before.text, true).length === 0;
  return chooses && !agrees()
    ? change
    : { ...change, action: "keep", chosen: true };
}

/** A compose file that was only renamed is neither deleted nor to be created again. */
function withNewName(change: Change, renamed: string | undefined): Change {
  const { path, action } = change;
  if (renamed === undefined || path !== COMPOSE_FILE || action !== "gone")
    return change;
  return { ...change, renamed, reason: `renamed to ${renamed}` };
}

function withContradictions(change: Change, wrong: Faults): Change {
  const { path, action, before, after, chosen = false } = change;
  if (action === "orphan" && before !== null && isInstalled(path))
    return { ...change, contradicts: [STILL_INSTALLED] };
  if (action === "gone" && isNeeded(path) && change.renamed === undefined)
    return { ...change, contradicts: [DELETED] };
  if (!["same", "keep", "merge", "update"].includes(action)) return change;
  const file = action === "keep" ? before : after;
  if (file === null) return change;
  const contradicts = wrong(change, file.text, chosen);
  return contradicts.length === 0 ? change : { ...change, contradicts };
}

/** The paths that a run reads: all that it may write. */
export function pathsOf(
  rendered: Tree,
  previous: Request["previous"],
): string[] {
  const paths = new Set([
    ...rendered.keys(),
    ...Object.keys(previous?.files ?? {}),
  ]);
  return [...paths, ...[...paths].map((path) => path + SIDECAR), STATE_FILE];
}
