import {
  entryAt,
  readDisk,
  textAt,
  type Disk,
  type DiskEntry,
} from "../repository/disk.ts";
import { pathsOf } from "./decide-all.ts";
import { updateEnvFile } from "../renumber/env-file.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { notesOn, overlapNotes } from "./check-notes.ts";
import { adminPortNotes } from "./contradictions/admin-ports.ts";
import { COMPOSE_FILE, nameNotes, nameStatus } from "./compose-names.ts";
import { contradictions } from "./contradictions/contradictions.ts";
import {
  DELETED,
  isExecutable,
  isInstalled,
  isNeeded,
  isPrivate,
  STILL_INSTALLED,
} from "./change.ts";
import { oldLines } from "./old-lines.ts";
import { SIDECAR } from "./sidecar.ts";
import { whyUnreadable, whyUnusable } from "./unusable.ts";
import { refusedCompose } from "./required-variables.ts";
import {
  findStaleAddresses,
  unreadNotes,
  type StaleAddress,
} from "../renumber/find-stale.ts";
import { staleValues } from "../renumber/stale.ts";
import { withPreviousData } from "./previous-data.ts";
import { hasMarkers } from "../merge/conflict-markers.ts";
import { whyInvalid } from "../merge/syntax.ts";
import { plan, planOf, type Plan } from "../plan/plan.ts";
import { generatedFile } from "../render/generated-files.ts";
import { render, type Tree } from "../render/render.ts";
import { readState } from "../repository/state-reader.ts";
import { ownText, SECRET_FILE } from "../render/secrets.ts";
import {
  allPreviousAnswers,
  KEPT,
  sha256,
  sumOf,
  sumOfText,
  type FileRecord,
  type State,
} from "../repository/state.ts";

/**
 * - generated: as it was generated · edited: by the owner before the last run
 * - merged: the owner's edits and a newer generated text, merged by regenerate
 * - changed: edited since the last run · missing: deleted since the last run · deleted: before it
 * - renamed: by the owner, to another name that docker compose finds
 * - unread: docker compose reads another file of the owner's instead
 * - outdated: regenerate would write another text
 * - drift: the answers have other addresses, services, networks or ports
 * - conflict: not resolved yet · leftover: a .new file without a conflict · invalid: its program refuses it
 */
export type Status =
  | "generated"
  | "edited"
  | "merged"
  | "changed"
  | "missing"
  | "deleted"
  | "renamed"
  | "unread"
  | "outdated"
  | "drift"
  | "conflict"
  | "leftover"
  | "invalid";

export interface Checked {
  readonly path: string;
  readonly status: Status;
  readonly reason?: string;
}

export interface Inspection {
  readonly files: readonly Checked[];
  readonly stale: readonly StaleAddress[];
  /** Other messages to the owner. */
  readonly notes: readonly string[];
}

const NO_ACTION: readonly Status[] = [
  "generated",
  "edited",
  "merged",
  "deleted",
];

/** Whether the owner has something to do about a file. */
export const isOpen = ({ status }: Checked): boolean =>
  !NO_ACTION.includes(status);

/**
 * Compares the answers, what was generated last, what would be generated now, and the disk. Writes
 * nothing.
 * @throws UnusableError for an unusable state
 */
export function inspectRepository(directory: string): Inspection {
  const { state } = readState(directory);
  const present = planOf(state);
  const rendered = withPreviousData(
    render(present),
    directory,
    allPreviousAnswers(state),
    state.files[IGNORE_FILE]?.text,
  );
  const disk = readDisk(directory, pathsOf(rendered, state));
  const previous = allPreviousAnswers(state).map(plan);
  const { stale, unread } = findStaleAddresses(
    directory,
    present,
    previous,
    rendered,
  );
  const files = checkFiles(state, rendered, disk, { present, previous }).map(
    (file) =>
      file.path === COMPOSE_FILE
        ? { ...file, ...nameStatus(directory, isOpen(file)) }
        : file,
  );
  return {
    files: withRefused(files, directory),
    stale,
    notes: [
      ...notesOn(directory, rendered, disk),
      ...nameNotes(directory),
      ...adminPortNotes(directory),
      ...overlapNotes(directory, present),
      ...unreadNotes(unread),
    ],
  };
}

/** Adds the compose files that docker compose refuses, the owner's own files included. */
function withRefused(files: readonly Checked[], directory: string): Checked[] {
  const refused = refusedCompose(directory).filter(
    (one) => !files.some((file) => file.path === one.path && isOpen(file)),
  );
  const paths = refused.map(({ path }) => path);
  return [...files.filter(({ path }) => !paths.includes(path)), ...refused];
}

/** The status of each file. @param disk all of pathsOf() @param plans of the present and all earlier answers */
export function checkFiles(
  state: State,
  rendered: Tree,
  disk: Disk,
  { present, previous }: { present: Plan; previous: readonly Plan[] },
): Checked[] {
  const paths = new Set([...rendered.keys(), ...Object.keys(state.files)]);
  const valueOf = staleValues(previous, present);
  return [...paths].sort().map((path) => {
    const record = state.files[path];
    const isOld = (text: string): boolean =>
      record?.owner !== KEPT && updateEnvFile(text, present, previous) !== text;
    const whyUnfit = (text: string): Finding | undefined =>
      path === SECRET_FILE ? unfit(text, isOld, rendered) : undefined;
    const found = statusOf(path, record, rendered, disk, whyUnfit);
    const text = textAt(disk, path) ?? "";
    const old = record?.kept
      ? oldLines(path, ownText(path, text), record, rendered, valueOf)
      : [];
    return { path, ...(driftOf(path, found, disk, rendered, old) ?? found) };
  });
}

type Finding = Omit<Checked, "path">;

/** What an edited file says that the answers don't. @param old of oldLines() */
function driftOf(
  path: string,
  { status }: Finding,
  disk: Disk,
  rendered: Tree,
  old: readonly string[],
): Finding | undefined {
  const entry = disk.get(path);
  if (entry?.kind !== "file" || path === SECRET_FILE) return undefined;
  if (!["edited", "merged", "changed", "outdated"].includes(status))
    return undefined;
  const text = ownText(path, entry.text);
  return drift([...contradictions(path, text, rendered), ...old]);
}

function drift(found: readonly string[]): Finding | undefined {
  if (found.length === 0) return undefined;
  const reason = `it contradicts the answers: ${found.join("; ")}`;
  return { status: "drift", reason };
}

function statusOf(
  path: string,
  record: FileRecord | undefined,
  rendered: Tree,
  disk: Disk,
  whyUnfit: (text: string) => Finding | undefined,
): Finding {
  const entry = entryAt(disk, path);
  const next = rendered.get(path);
  if (textAt(disk, path + SIDECAR) !== undefined) {
    return record === undefined || record.answers || record.sidecar
      ? { status: "conflict", reason: "copy what you want from its .new file" }
      : { status: "leftover", reason: "delete its .new file when done" };
  }
  if (record === undefined)
    return { status: "outdated", reason: "regenerate would write it" };
  if (next === undefined && entry.kind === "file" && isInstalled(path))
    return { status: "drift", reason: STILL_INSTALLED };
  const found = onDisk(path, record, entry, rendered, whyUnfit);
  if (
    found.status === "invalid" ||
    found.status === "conflict" ||
    found.status === "changed"
  )
    return found;
  if (next === undefined)
    return { status: entry.kind === "absent" ? "deleted" : "edited" };
  if (found.status === "deleted" && isNeeded(path))
    return { status: "drift", reason: DELETED };
  if (record.answers || sumOf(next) !== record.sha256)
    return { status: "outdated", reason: "regenerate would change it" };
  return found;
}

function onDisk(
  path: string,
  record: FileRecord,
  entry: DiskEntry,
  rendered: Tree,
  whyUnfit: (text: string) => Finding | undefined,
): Finding {
  if (entry.kind === "absent") {
    // git ignores it, so a clone has none.
    if (path === SECRET_FILE)
      return { status: "deleted", reason: "not in this copy" };
    return record.owner === "absent"
      ? { status: "deleted" }
      : { status: "missing", reason: "deleted since the last run" };
  }
  const reason = whyUnreadable(path, entry);
  if (reason !== undefined) return { status: "invalid", reason };
  if (entry.kind === "other") {
    return record.owner === "absent"
      ? { status: "edited" }
      : { status: "changed", reason: entry.what };
  }
  const text = ownText(path, entry.text);
  if (hasMarkers(text))
    return { status: "conflict", reason: "it has conflict markers" };
  const row = generatedFile(path);
  // Checking a Python file starts a process. Untouched files are skipped: the generator's own tests check
  // them.
  const untouched =
    row?.source === "verbatim" && sumOfText(text) === record.sha256;
  const syntax = untouched ? undefined : whyInvalid;
  const unusable = whyUnusable(path, entry.text, rendered, syntax);
  if (unusable !== undefined) return { status: "invalid", reason: unusable };
  if (row && isExecutable(row) && !isExecutable(entry))
    return {
      status: "outdated",
      reason: "not executable: regenerate restores that",
    };
  if (row?.secret && !isPrivate(entry))
    return {
      status: "outdated",
      reason: "others can read it: regenerate sets its mode to 600",
    };
  const found = whyUnfit(entry.text);
  if (found !== undefined) return found;
  if (sumOfText(text) === record.sha256) return { status: "generated" };
  // The rest of .env is the owner's, and differs from copy to copy.
  if (path === SECRET_FILE) return { status: "edited" };
  if (sha256(text) === record.owner)
    return { status: record.merged ? "merged" : "edited" };
  return {
    status: "changed",
    reason: "edited since the last run",
  };
}

/** What does not fit the answers in a .env, which may come from another copy of the repository. */
function unfit(
  text: string,
  isOld: (text: string) => boolean,
  rendered: Tree,
): Finding | undefined {
  const own = ownText(SECRET_FILE, text);
  if (isOld(own)) {
    const reason = "it is older than the other files: regenerate updates it";
    return { status: "outdated", reason };
  }
  return drift(contradictions(SECRET_FILE, own, rendered));
}
