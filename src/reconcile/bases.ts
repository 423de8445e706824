import type { Base } from "./change.ts";
import { type Disk } from "../repository/disk.ts";
import { updateEnvFile } from "../renumber/env-file.ts";
import { newNames, newValues } from "../renumber/moves.ts";
import { rewriteWith, type Rewrite } from "../renumber/rewrite.ts";
import { marksAfter, type Owned } from "../renumber/ownership.ts";
import { withPreviousData } from "./previous-data.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { plan, type Plan } from "../plan/plan.ts";
import type { Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { formerOf, type FileRecord, type State } from "../repository/state.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";

/** The base of each file: what was generated last, and how to rewrite its values. */
export function basesOf(
  previous: State,
  now: Plan,
  disk: Disk,
): Map<string, Base> {
  const last = plan(previous.answers);
  const before = formerOf(previous).map(plan);
  return new Map(
    sameAge(previous).flatMap((records) => {
      const held = records[0]?.[1].answers;
      const from = held ? plan(held) : last;
      const newValueOf = newValues(from, now, ownersNames(records, disk));
      const added = newNames(from, now);
      return records.map(([path, record]): [string, Base] => {
        const { text: generated, mode, owned: marks = {} } = record;
        const owned: Owned = { marks, generated };
        const base: Base = {
          text: generated,
          mode: Number.parseInt(mode, 8),
          rewrite: rewriteWith(newValueOf),
          owned,
          ownedAfter: (yours, after, next) => {
            const texts = { before: yours, after, generated: next };
            const own = marksAfter({
              ...texts,
              newValueOf,
              newNames: added,
              owned,
            });
            return own && { owned: own };
          },
        };
        const update: Rewrite = (text) => updateEnvFile(text, from, before);
        return [path, path === SECRET_FILE ? { ...base, update } : base];
      });
    }),
  );
}

/** Adds earlier data directories to .gitignore. @param previous the state before this run */
export const withDataPatterns = (
  rendered: Tree,
  directory: string,
  previous: State,
): Tree =>
  withPreviousData(
    rendered,
    directory,
    [previous.answers, ...formerOf(previous)],
    previous.files[IGNORE_FILE]?.text,
  );

/** Groups files by the answers they were generated from: a file in conflict has older ones. */
function sameAge({ files }: State): [string, FileRecord][][] {
  const groups = new Map<string, [string, FileRecord][]>();
  for (const entry of Object.entries(files)) {
    const key = JSON.stringify(entry[1].answers ?? null);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

/** The addresses and subnets in files that the owner edited: no other value may become one of them. */
function ownersNames(
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
