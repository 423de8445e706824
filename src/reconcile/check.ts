import {
  entryAt,
  readDisk,
  textAt,
  type Disk,
  type DiskEntry,
} from "../repository/disk.ts";
import { pathsOf } from "./decide-all.ts";
import { hasAddress, updateEnvFile } from "../renumber/env-file.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { notesOn, overlapNotes } from "./check-notes.ts";
import { COMPOSE_FILE, composeNotes, nameStatus } from "./compose-names.ts";
import { contradictions } from "./contradictions.ts";
import { isExecutable, isPrivate } from "./change.ts";
import { SIDECAR } from "./sidecar.ts";
import { whyUnusable } from "./unusable.ts";
import { unsetVariables } from "./required-variables.ts";
import {
  findStaleAddresses,
  unreadNotes,
  type StaleAddress,
} from "../renumber/find-stale.ts";
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
 * - conflict: not resolved yet · invalid: not valid in its format, or without its secret
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
    files: withUnset(files, directory),
    stale,
    notes: [
      ...notesOn(directory, rendered, disk),
      ...composeNotes(directory),
      ...overlapNotes(directory, present),
      ...unreadNotes(unread),
    ],
  };
}

/** Adds the compose files that need a variable which .env lacks, the owner's own files included. */
function withUnset(files: readonly Checked[], directory: string): Checked[] {
  const unset = unsetVariables(directory).filter(
    (one) => !files.some((file) => file.path === one.path && isOpen(file)),
  );
  const paths = unset.map(({ path }) => path);
  return [...files.filter(({ path }) => !paths.includes(path)), ...unset];
}

/** The status of each file. @param disk all of pathsOf() @param plans of the present and all earlier answers */
export function checkFiles(
  state: State,
  rendered: Tree,
  disk: Disk,
  { present, previous }: { present: Plan; previous: readonly Plan[] },
): Checked[] {
  const paths = new Set([...rendered.keys(), ...Object.keys(state.files)]);
  return [...paths].sort().map((path) => {
    const record = state.files[path];
    const isOld = (text: string): boolean =>
      record?.owner !== KEPT && updateEnvFile(text, present, previous) !== text;
    const whyUnfit = (text: string): Finding | undefined =>
      path === SECRET_FILE ? unfit(text, isOld, present) : undefined;
    const found = statusOf(path, record, rendered, disk, whyUnfit);
    return { path, ...(driftOf(path, found, disk, rendered) ?? found) };
  });
}

type Finding = Omit<Checked, "path">;

/** What an edited file says that the answers don't. */
function driftOf(
  path: string,
  { status }: Finding,
  disk: Disk,
  rendered: Tree,
): Finding | undefined {
  const entry = disk.get(path);
  if (entry?.kind !== "file" || path === SECRET_FILE) return undefined;
  if (!["edited", "merged", "changed", "outdated"].includes(status))
    return undefined;
  const text = ownText(path, entry.text);
  const found = contradictions(path, text, rendered);
  return found.length === 0
    ? undefined
    : {
        status: "drift",
        reason: `it contradicts the answers: ${found.join("; ")}`,
      };
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
    return {
      status: "conflict",
      reason: record?.answers
        ? "copy what you want from its .new file"
        : "delete its .new file when done",
    };
  }
  if (record === undefined)
    return { status: "outdated", reason: "regenerate would write it" };
  const found = onDisk(path, record, entry, rendered, whyUnfit);
  if (
    found.status === "invalid" ||
    found.status === "conflict" ||
    found.status === "changed"
  )
    return found;
  if (next === undefined)
    return { status: entry.kind === "absent" ? "deleted" : "edited" };
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

/** What apply.sh would refuse in a .env, which may come from another copy of the repository. */
function unfit(
  text: string,
  isOld: (text: string) => boolean,
  { containers }: Plan,
): Finding | undefined {
  if (isOld(ownText(SECRET_FILE, text))) {
    const reason = "it is older than the other files: regenerate updates it";
    return { status: "outdated", reason };
  }
  const other = containers.find((one) => !hasAddress(text, one));
  if (other) {
    const reason = `${other.variable} is not ${other.address}, as in the answers`;
    return { status: "drift", reason };
  }
  return undefined;
}
