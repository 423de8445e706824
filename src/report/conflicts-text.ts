import { basename, join } from "node:path";
import { commandLine, fromHere } from "../base/program.ts";
import {
  hasOldMarkers,
  whatIsThere,
  type Change,
} from "../reconcile/change.ts";
import type { Resolution } from "../reconcile/request.ts";
import { sidecarPath } from "../reconcile/sidecar.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { lastWrite, oldPath, UNDO } from "../repository/journal.ts";
import { driftLines } from "./drift-text.ts";

/** Whether a new text is beside a file of the owner's after this run. */
const hasSidecar = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ action, noSidecar }) => action === "conflict" && noSidecar === undefined,
  );

/** Whether this run writes one. */
export const writesSidecar = (changes: readonly Change[]): boolean =>
  hasSidecar(changes.filter(({ sidecar }) => sidecar === undefined));

/**
 * What is in conflict after regenerate, and what the owner can do about it.
 * @param shown the directory as the owner wrote it
 */
export function conflictLines(
  changes: readonly Change[],
  shown: string,
): string[] {
  const conflicts = changes.filter(({ action }) => action === "conflict");
  const marked = changes.filter(({ action }) => action === "markers");
  return [
    ...conflicts.map(withSidecar),
    ...changes.flatMap((change) =>
      change.sidecar === "obsolete"
        ? [`${sidecarPath(change)} was deleted, because it was not edited.`]
        : [],
    ),
    ...driftLines(changes, shown),
    ...oldTexts(changes, shown),
    ...marked.map(
      ({ path }) => `${path} has conflict markers. Resolve them by hand.`,
    ),
    ...textRemedies(conflicts.filter(isText), shown),
    ...markerRemedies(conflicts.filter(hasOldMarkers), shown),
    ...obstacleRemedies(conflicts.filter(isObstacle), shown),
  ];
}

/** Where the texts are that the owner gave up in this run. */
function oldTexts(changes: readonly Change[], shown: string): string[] {
  const taken = changes.filter((change) => change.taken !== undefined);
  const files = taken.length > 0 ? (lastWrite(shown)?.files ?? []) : [];
  return taken.flatMap(({ path, from = path }) => {
    const index = files.findIndex(
      (file) => file.path === from && file.replaced,
    );
    if (index < 0) return [];
    const old = fromHere(oldPath(join(shown, UNDO), index));
    return [
      `The old text of ${from} is in ${old} until the next write; undo restores it.`,
    ];
  });
}

/**
 * What the owner can do if create wrote nothing.
 * @param rerun the same command with --conflict theirs
 */
export function refusedLines(
  changes: readonly Change[],
  rerun: string,
): string[] {
  const conflicts = changes.filter(({ action }) => action === "conflict");
  const obstacles = conflicts.filter(isObstacle);
  return [
    ...obstacles.map((change) => `${notChanged(change)}.`),
    ...(obstacles.length > 0
      ? [
          "Move it out of the way and run this again, or choose --conflict keep.",
        ]
      : []),
    ...(conflicts.length > obstacles.length
      ? [
          "Choose --conflict keep, theirs or markers. To take the generated texts:",
          `  ${rerun}`,
        ]
      : []),
  ];
}

/** A host's path has its directory before it. */
const isSecretFile = ({ path }: Change): boolean =>
  basename(path) === SECRET_FILE;

/** A link, a directory, or a file that can't be read: there is no text to compare. */
const isObstacle = ({ before }: Change): boolean => before === null;

const isText = (change: Change): boolean =>
  !isObstacle(change) && !hasOldMarkers(change);

/** `x was not changed: it is a directory` */
function notChanged({
  path,
  from = path,
  before,
  reason = "",
}: Change): string {
  const why = before === null ? `: ${whatIsThere(reason)}` : "";
  return `${from} was not changed${why}`;
}

/** The same with the place of the new text. */
function withSidecar(change: Change): string {
  const start = notChanged(change);
  if (change.noSidecar !== undefined) return `${start}.`;
  const sign = change.before === null ? ";" : ":";
  return `${start}${sign} the new text is in ${sidecarPath(change)}.`;
}

/** On a line of its own, where it can be copied. */
const resolving = (shown: string, resolution: Resolution): string =>
  `  ${commandLine("regenerate", shown, "--conflict", resolution)}`;

function textRemedies(conflicts: readonly Change[], shown: string): string[] {
  if (conflicts.length === 0) return [];
  return hasSidecar(conflicts)
    ? [
        "Copy what you want from the .new files, then run:",
        resolving(shown, "keep"),
        "Or choose --conflict theirs or markers.",
      ]
    : ["Choose --conflict keep, theirs or markers."];
}

function markerRemedies(conflicts: readonly Change[], shown: string): string[] {
  return conflicts.length === 0
    ? []
    : [
        "Remove the old conflict markers and run this again, or take the new text:",
        resolving(shown, "theirs"),
      ];
}

function obstacleRemedies(
  conflicts: readonly Change[],
  shown: string,
): string[] {
  const isUnreadable = ({ reason = "" }: Change): boolean =>
    reason.startsWith("unreadable");
  const movable = conflicts.filter(
    (change) => !isUnreadable(change) && !isSecretFile(change),
  );
  const lines: string[] = [];
  if (conflicts.some(isUnreadable))
    lines.push("Make the unreadable file readable and run this again.");
  const env = conflicts.find(isSecretFile);
  if (env && !isUnreadable(env))
    lines.push(
      env.reason === "a symbolic link"
        ? `Replace the link ${env.path} with a copy of its file, and run this again.`
        : `Put a text file in place of ${env.path}, and run this again.`,
    );
  if (movable.length > 0)
    lines.push(
      ...(hasSidecar(movable)
        ? [
            "Move the file, directory or link out of the way, then rename the .new file to its name.",
          ]
        : ["Move it out of the way, then run:", resolving(shown, "theirs")]),
    );
  if (conflicts.length > 0)
    lines.push("Or leave it as it is:", resolving(shown, "keep"));
  return lines;
}
