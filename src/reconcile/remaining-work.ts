import { manualSteps, type ManualStep } from "../renumber/manual-steps.ts";
import { WRITING, type Change } from "./change.ts";
import { type Disk } from "../repository/disk.ts";
import { hasAddress, withDataOf } from "../renumber/env-file.ts";
import { settingOf } from "../base/dotenv.ts";
import { attempt, type Issue } from "../base/errors.ts";
import { contains, parseAddress } from "../ip/address.ts";
import {
  findStaleAddresses,
  unreadNotes,
  type StaleAddress,
  type Search,
} from "../renumber/find-stale.ts";
import { plan, type Plan } from "../plan/plan.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { allPreviousAnswers, type State } from "../repository/state.ts";
import { collisions } from "../renumber/collisions.ts";
import { textFiles } from "../repository/walk.ts";

/** What is left to the owner after answers changed. */
export interface RemainingWork {
  readonly steps: readonly ManualStep[];
  readonly stale: readonly StaleAddress[];
  readonly warnings: readonly Issue[];
  /** Other messages to the owner. */
  readonly notes: readonly string[];
  /** Present and earlier data directories, as .gitignore patterns. */
  readonly data: readonly string[];
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
  const then = plan(previous.answers);
  const [was, now] = dotenvTexts(changes, disk);
  const search = leftoversAfter(directory, before, present, changes, disk);
  return {
    steps: manualSteps(withDataOf(then, was), withDataOf(present, now)),
    stale: search.stale,
    notes: [
      ...unreadNotes(search.unread),
      ...(isSecretOpen(changes) ? [] : otherAddress(now, present)),
    ],
    warnings: collisions(
      textFiles(directory, [present, ...before], undefined, disk),
      present,
      before,
      rendered,
    ),
    data: dataPatterns([present, ...before]),
  };
}

/** Whether .env is in conflict: then its values can still change. */
const isSecretOpen = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ path, action }) =>
      path === SECRET_FILE && ["conflict", "markers"].includes(action),
  );

/** The owner's own address in .env stays. If nothing else has it, the owner must know. */
function otherAddress(
  dotenv: string | undefined,
  { kong, exposed, numbers }: Plan,
): string[] {
  const own = dotenv && settingOf(dotenv, "KONG_BIND_IPV6");
  if (!own || hasAddress(dotenv, kong)) return [];
  const address = attempt(() => parseAddress(6, own));
  const fits =
    address !== undefined && contains(numbers.exposed.subnet, address);
  return [
    `Your .env has KONG_BIND_IPV6=${own}, the other files have ${kong.address}: apply.sh will refuse that. ${
      fits
        ? `Give --kong ${own}, or correct .env.`
        : `Correct .env: that address is outside ${exposed.subnet}.`
    }`,
  ];
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

function dataPatterns(plans: readonly Plan[]): string[] {
  const patterns = plans.map(({ data }) => data.ignore);
  return [...new Set(patterns.filter((pattern) => pattern !== ""))];
}

function leftoversAfter(
  directory: string,
  before: readonly Plan[],
  present: Plan,
  changes: readonly Change[],
  disk: Disk,
): Search {
  const written = changes.filter(({ action }) => WRITING.has(action));
  const instead = new Map(
    written.map(({ path, after }) => [path, after?.text ?? null]),
  );
  return findStaleAddresses(directory, present, before, instead, disk);
}
