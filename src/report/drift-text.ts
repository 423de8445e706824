import { printable } from "../base/escape.ts";
import { commandLine } from "../base/program.ts";
import { DELETED, STILL_INSTALLED, type Change } from "../reconcile/change.ts";

/** More files of one directory than this are named together. */
const NAMED = 3;

/** `README.md, scripts/ (56 files)` */
export function pathsText(paths: readonly string[]): string {
  const topOf = (path: string): string =>
    path.includes("/") ? `${path.split("/")[0]}/` : path;
  const groups = new Map<string, string[]>();
  for (const path of paths)
    groups.set(topOf(path), [...(groups.get(topOf(path)) ?? []), path]);
  return [...groups]
    .flatMap(([top, all]) =>
      all.length > NAMED ? [`${top} (${all.length} files)`] : all,
    )
    .join(", ");
}

/** What the owner can do about each reason of a drift, before the command with --conflict theirs. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    STILL_INSTALLED,
    "What is no longer generated: delete it, or move it out of host/. This deletes it:",
  ],
  [DELETED, "This restores what was deleted:"],
]);

const OTHER =
  "Where a file contradicts the answers: edit it, change the answers, or take the generated text there:";

/** @param reasons of the drift of each file @returns sentences; the same command follows each */
export const driftRemedies = (reasons: readonly string[]): string[] => [
  ...new Set(reasons.map((reason) => REMEDIES.get(reason) ?? OTHER)),
];

/** Files that contradict the answers after this run. */
export function contradictionLines(changes: readonly Change[]): string[] {
  const isDeleted = ({ action }: Change): boolean => action === "gone";
  const found = changes.filter(({ contradicts }) => contradicts);
  const deleted = found.filter(isDeleted).map(({ path }) => path);
  return [
    ...found
      .filter((change) => !isDeleted(change))
      .map(
        ({ path, contradicts = [] }) =>
          `${path} contradicts the answers: ${printable(contradicts.join("; "))}.`,
      ),
    ...(deleted.length > 0 ? [`${pathsText(deleted)}: ${DELETED}.`] : []),
  ];
}

/** The same, and what the owner can do about them. */
export function driftLines(
  changes: readonly Change[],
  shown: string,
): string[] {
  const reasons = changes.flatMap(({ contradicts = [] }) => contradicts);
  return [
    ...contradictionLines(changes),
    ...driftRemedies(reasons).flatMap((text) => [
      text,
      `  ${commandLine("regenerate", shown, "--conflict", "theirs")}`,
    ]),
  ];
}
