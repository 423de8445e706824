import { manualSteps, type ManualStep } from "../renumber/manual-steps.ts";
import { WRITING, type Change } from "./change.ts";
import { type Disk } from "../repository/disk.ts";
import { withDataOf } from "../renumber/env-file.ts";
import type { Answers } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import {
  findStaleAddresses,
  unreadNotes,
  type StaleAddress,
  type Search,
} from "../renumber/find-stale.ts";
import { plan, type Plan } from "../plan/plan.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import {
  allPreviousAnswers,
  deployedAnswers,
  type State,
} from "../repository/state.ts";
import { collisions } from "../renumber/collisions.ts";
import { textFiles } from "../repository/walk.ts";

/** What is left to the owner after answers changed. */
export interface RemainingWork {
  readonly steps: readonly ManualStep[];
  /** The answers that the steps start from. */
  readonly deployed?: Answers;
  readonly stale: readonly StaleAddress[];
  readonly warnings: readonly Issue[];
  /** Other messages to the owner. */
  readonly notes: readonly string[];
}

/**
 * @param previous the state before this run
 * @param rendered from the present plan
 * @param disk the generated files
 */
export function remainingWork(
  directory: string,
  previous: State,
  present: Plan,
  changes: readonly Change[],
  rendered: Tree,
  disk: Disk,
): RemainingWork {
  const before = [previous.answers, ...allPreviousAnswers(previous)].map(plan);
  const deployed = deployedAnswers(previous);
  const [was, now] = dotenvTexts(changes, disk);
  const search = leftoversAfter(
    directory,
    before,
    present,
    changes,
    rendered,
    disk,
  );
  return {
    steps: manualSteps(
      dataBefore(plan(deployed), plan(previous.answers), was),
      withDataOf(present, now),
      changes.some(
        ({ path, action }) => path === "kong.yml" && action === "orphan",
      ),
    ),
    deployed,
    stale: search.stale,
    notes: [
      ...keptHostNotes(plan(previous.answers), present),
      ...unreadNotes(search.unread),
    ],
    warnings: collisions(
      textFiles(directory, [present, ...before], undefined, disk),
      present,
      before,
      rendered,
      previous.files,
    ),
  };
}

/** What becomes of the address that an earlier netplan file gave the server (resources/netplan.py, link.py). */
function keptHostNotes(before: Plan, { host }: Plan): string[] {
  return before.host === null || host !== null
    ? []
    : [
        `--host keep: apply.sh removes its netplan file, and with it ${before.host.interface} and the default route. If nothing else gives the server an IPv6 address and a default route, apply.sh refuses and changes nothing.`,
      ];
}

/** With the owner's own data directory in .env. An earlier run may have written the new one there. */
function dataBefore(then: Plan, last: Plan, dotenv: string | undefined): Plan {
  const isOwn = withDataOf(last, dotenv).data.directory !== last.data.directory;
  return isOwn ? withDataOf(then, dotenv) : then;
}

/** The texts of .env before and after this run. */
function dotenvTexts(
  changes: readonly Change[],
  disk: Disk,
): [was: string | undefined, now: string | undefined] {
  const entry = disk.get(SECRET_FILE);
  const was = entry?.kind === "file" ? entry.text : undefined;
  const change = changes.find(({ path }) => path === SECRET_FILE);
  const written = change !== undefined && WRITING.has(change.action);
  return [was, written ? change.after?.text : was];
}

function leftoversAfter(
  directory: string,
  before: readonly Plan[],
  present: Plan,
  changes: readonly Change[],
  rendered: Tree,
  disk: Disk,
): Search {
  const written = changes.filter(({ action }) => WRITING.has(action));
  const instead = new Map(
    written.map(({ path, after }) => [path, after?.text ?? null]),
  );
  return findStaleAddresses(
    directory,
    present,
    before,
    rendered,
    instead,
    disk,
  );
}
