import type { Base } from "./change.ts";
import { entryAt, textAt, type Disk } from "../repository/disk.ts";
import { updateEnvFile } from "../renumber/env-file.ts";
import { newNames, newValues } from "../renumber/moves.ts";
import { rewriteWith, type Rewrite } from "../renumber/rewrite.ts";
import { linesKept } from "../renumber/find-stale.ts";
import { marksAfter, type Owned } from "../renumber/ownership.ts";
import { withPreviousData } from "./previous-data.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { plan, planOf, type Plan } from "../plan/plan.ts";
import { render, type File, type Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import {
  allPreviousAnswers,
  isDroppable,
  KEPT,
  sumOfText,
  type FileRecord,
  type State,
} from "../repository/state.ts";
import { findTokens, nameOf } from "../ip/find-addresses.ts";

/**
 * The base of each file: what was generated last, and how to rewrite its values.
 * @param rendered with the present plan: has the text of verbatim files that did not change since
 */
export function basesOf(
  previous: State,
  now: Plan,
  disk: Disk,
  rendered: Tree,
): Map<string, Base> {
  const last = planOf(previous);
  // During an overlap, which this run begins, keeps or ends.
  const generatedLines =
    linesKept(now, rendered) ??
    (last.previous ? linesKept(last, render(last)) : undefined);
  const before = allPreviousAnswers(previous).map(plan);
  return new Map(
    groupByAnswers(heldFiles(previous, last, disk)).flatMap((records) => {
      const held = records[0]?.[1].answers;
      const from = held ? plan(held) : last;
      const newValueOf = newValues(from, now, ownersNames(records, disk));
      const added = newNames(from, now);
      return records.map(([path, record]): [string, Base] => {
        const { sha256, mode, owned: marks = {} } = record;
        const textOf = (): string | undefined =>
          record.text ?? sameText(sha256, rendered.get(path));
        // A file in conflict may have lines of the overlap already, from its .new file.
        const current = held && generatedLines?.(path);
        const owned: Owned = {
          marks,
          ...(current && { current }),
          get generated() {
            return textOf() ?? "";
          },
        };
        const update: Rewrite = (text) => updateEnvFile(text, from, before);
        const base: Base = {
          sha256,
          get text() {
            return textOf();
          },
          mode: Number.parseInt(mode, 8),
          rewrite: (
            text,
            own = { marks: {}, generated: "", ...(current && { current }) },
          ) => rewriteWith(newValueOf)(text, own),
          // A .env that the owner kept in a conflict is not an older copy.
          ...(path === SECRET_FILE && record.owner !== KEPT && { update }),
          owned,
          ownedAfter: (yours, after, next) => {
            const texts = { before: yours, after, generated: next };
            return marksAfter({
              ...texts,
              newValueOf,
              newNames: added,
              owned,
            });
          },
        };
        return [path, base];
      });
    }),
  );
}

/** The text of a verbatim file that the generator hasn't changed since. */
const sameText = (
  sha256: string,
  rendered: File | undefined,
): string | undefined =>
  rendered?.sha256 === sha256 ? rendered.text : undefined;

/** Adds earlier data directories to .gitignore. @param previous the state before this run */
export const withDataPatterns = (
  rendered: Tree,
  directory: string,
  previous: State,
): Tree =>
  withPreviousData(
    rendered,
    directory,
    [previous.answers, ...allPreviousAnswers(previous)],
    previous.files[IGNORE_FILE]?.text,
  );

/** All records but those of files that were deleted while they were not generated. */
const heldFiles = (
  { files }: State,
  last: Plan,
  disk: Disk,
): [string, FileRecord][] =>
  Object.entries(files).filter(
    ([path, held]) =>
      !isDroppable(held) ||
      entryAt(disk, path).kind !== "absent" ||
      render(last).has(path),
  );

/** Groups files by the answers they were generated from: a file in conflict has older ones. */
function groupByAnswers(
  files: readonly [string, FileRecord][],
): [string, FileRecord][][] {
  const groups = new Map<string, [string, FileRecord][]>();
  for (const entry of files) {
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
  for (const [path, { text, sha256 }] of records) {
    const own = textAt(disk, path);
    if (own === undefined || own === text) continue;
    if (text === undefined && sumOfText(own) === sha256) continue;
    for (const token of findTokens(own)) names.add(nameOf(token));
  }
  return names;
}
