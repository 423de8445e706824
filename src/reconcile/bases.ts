import { ownersActs, type Act } from "../renumber/manual-steps.ts";
import { WRITING, type Base, type Change } from "./compare.ts";
import { type Disk } from "../repository/disk.ts";
import {
  caughtUp,
  hasAddress,
  settingOf,
  withDataOf,
} from "../renumber/env-file.ts";
import type { Issue } from "../base/errors.ts";
import {
  followTo,
  newNames,
  places,
  type Follow,
} from "../renumber/rewrite.ts";
import {
  findLeftovers,
  unseenNotes,
  type Leftover,
  type Search,
} from "../renumber/find-stale.ts";
import { marksAfter, type Owned } from "../renumber/ownership.ts";
import { spellingsAfter } from "../renumber/spelled.ts";
import { withFormerData } from "./previous-data.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { plan, type Plan } from "../plan/plan.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { formerOf, type FileRecord, type State } from "../repository/state.ts";
import { takenBefore } from "../renumber/collisions.ts";
import { textFiles } from "../repository/walk.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";

// What only a repository that was generated before needs, as one thing to load.

/** What each file was generated as, and how to follow its values from then to now. */
export function basesOf(
  former: State,
  now: Plan,
  disk: Disk,
): Map<string, Base> {
  const last = plan(former.answers);
  const before = formerOf(former).map(plan);
  return new Map(
    sameAge(former).flatMap((records) => {
      const held = records[0]?.[1].answers;
      const from = held ? plan(held) : last;
      const placeOf = places(from, now, standing(records, disk));
      const fresh = newNames(from, now);
      return records.map(([path, record]): [string, Base] => {
        const { text: generated, mode, owned: marks = {}, spelled } = record;
        const owned: Owned = { marks, ...(spelled && { spelled }), generated };
        const base: Base = {
          text: generated,
          mode: Number.parseInt(mode, 8),
          follow: followTo(placeOf),
          owned,
          ownedAfter: (yours, after, next) => {
            const texts = { before: yours, after, generated: next };
            const way = { ...texts, placeOf, fresh, owned };
            const [own, were] = [marksAfter(way), spellingsAfter(way)];
            return {
              ...(own && { owned: own }),
              ...(were && { spelled: were }),
            };
          },
        };
        const catchUp: Follow = (text) => caughtUp(text, from, before);
        return [path, path === SECRET_FILE ? { ...base, catchUp } : base];
      });
    }),
  );
}

/** @see withFormerData; former as it was before this run */
export const keepingData = (
  rendered: Tree,
  directory: string,
  former: State,
): Tree =>
  withFormerData(
    rendered,
    directory,
    [former.answers, ...formerOf(former)],
    former.files[IGNORE_FILE]?.text,
  );

/** Files whose values are of the same answers, together: a file that was held back is older. */
function sameAge({ files }: State): [string, FileRecord][][] {
  const groups = new Map<string, [string, FileRecord][]>();
  for (const entry of Object.entries(files)) {
    const key = JSON.stringify(entry[1].answers ?? null);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

/** What the owner's edited files name: nothing else may become one of these. */
function standing(
  records: readonly [string, FileRecord][],
  disk: Disk,
): Set<string> {
  const names = new Set<string>();
  for (const [path, { text }] of records) {
    const entry = disk.get(path);
    if (entry?.kind !== "file" || entry.text === text) continue;
    for (const token of findTokens(entry.text)) names.add(nameOf(token));
  }
  return names;
}

/** What is left to the owner once answers have changed. */
export interface Aftermath {
  readonly acts: readonly Act[];
  readonly leftovers: readonly Leftover[];
  readonly warnings: readonly Issue[];
  /** What the owner should know besides. */
  readonly told: readonly string[];
  /** Where data are or were, as patterns from the repository's top. */
  readonly data: readonly string[];
}

/**
 * @param former the state before
 * @param disk what was read of the repository's own files
 */
export function aftermath(
  directory: string,
  former: State,
  present: Plan,
  changes: readonly Change[],
  disk: Disk,
): Aftermath {
  const before = [former.answers, ...formerOf(former)].map(plan);
  const then = plan(former.answers);
  const [was, now] = dotenvTexts(changes, disk);
  const search = leftoversAfter(directory, before, present, changes, disk);
  return {
    acts: ownersActs(withDataOf(then, was), withDataOf(present, now)),
    leftovers: search.leftovers,
    told: [...unseenNotes(search.unseen), ...otherAddress(now, present)],
    warnings:
      then.kong.address === present.kong.address
        ? []
        : takenBefore(
            textFiles(directory, [present, ...before], undefined, disk),
            present,
            before,
          ),
    data: dataPatterns([present, ...before]),
  };
}

/** An address of the owner's own in .env stays; that nothing else has it must not go unsaid. */
function otherAddress(dotenv: string | undefined, { kong }: Plan): string[] {
  const own = dotenv && settingOf(dotenv, "KONG_BIND_IPV6");
  return own && !hasAddress(dotenv, kong.address)
    ? [
        `Your .env has KONG_BIND_IPV6=${own}, all else ${kong.address}: apply.sh will refuse that.\nGive --kong ${own}, or mend .env.`,
      ]
    : [];
}

/** .env as it is, and as it will be. */
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
  return findLeftovers(directory, present, before, instead, disk);
}
