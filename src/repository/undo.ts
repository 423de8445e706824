import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { apply } from "./apply.ts";
import { hashOf, lastWrite, oldPath, readJournal, UNDO } from "./journal.ts";
import type { Directories } from "./transaction.ts";
import type { Operation } from "./operation.ts";
import {
  areGenerated,
  hasSecretsOf,
  redactSecrets,
  SECRET_FILE,
} from "../render/secrets.ts";
import { readDisk, textAt, type DiskEntry } from "./disk.ts";
import { attempt, FailedError } from "../base/errors.ts";
import { parseState, readState } from "./state-reader.ts";
import {
  deployedAnswers,
  STATE_FILE,
  stateText,
  sumOfText,
  withDeployed,
  type FileRecord,
  type State,
} from "./state.ts";
import { readIfThere } from "./write.ts";

export interface Undone {
  /** What is undone: create, a write, or an undo (this redoes). */
  readonly undoes?: "create" | "write" | "undo";
  /** When that was written, in ISO 8601; absent for create. */
  readonly writtenAt?: string;
  readonly restored: readonly {
    readonly path: string;
    readonly to: "before" | "gone";
    /** There was no file: undo creates it again. */
    readonly created?: true;
    /** A .env whose secrets are in another one that is restored: its host is renamed back. */
    readonly moved?: true;
  }[];
  /** Files edited since the last write. If there are any, nothing is restored unless forced. */
  readonly edited: readonly string[];
}

/**
 * Undoes the last write: content, modes, deletions. Undo is a write itself: run again, it redoes.
 * @param ofCreate what undoes the first write, which has no journal
 * @throws FailedError if there is nothing to undo
 */
export function undoLast(
  directory: string,
  { dryRun, force }: { dryRun: boolean; force: boolean },
  ofCreate: (directory: string) => Step[] = fromState,
): Undone {
  const { steps, directories, ...last } = existsSync(join(directory, UNDO))
    ? fromJournal(directory)
    : { steps: ofCreate(directory), undoes: "create" as const };
  const edited = force
    ? []
    : steps.filter(({ touched }) => touched).map(({ path }) => path);
  const operations = steps.flatMap(({ operation }) => operation ?? []);
  const restored = operations.map(({ path, content, expected }) => ({
    path,
    to: content === null ? ("gone" as const) : ("before" as const),
    ...(expected === null && { created: true as const }),
    ...(content === null &&
      isMoved(directory, path, operations) && { moved: true as const }),
  }));
  if (edited.length > 0) return { ...last, restored: [], edited };
  if (!dryRun) apply(directory, operations, undefined, directories);
  return { ...last, restored, edited };
}

function isMoved(
  directory: string,
  path: string,
  operations: readonly Operation[],
): boolean {
  if (basename(path) !== SECRET_FILE) return false;
  const goes = textAt(readDisk(directory, [path]), path);
  return operations.some(
    (one) =>
      goes !== undefined &&
      one.content !== null &&
      basename(one.path) === SECRET_FILE &&
      hasSecretsOf(goes, Buffer.from(one.content).toString()),
  );
}

export interface Step {
  readonly path: string;
  /** null if there is nothing left to do. */
  readonly operation: Operation | null;
  /** Whether the file differs from what the last write left. */
  readonly touched: boolean;
}

function fromJournal(directory: string): {
  steps: Step[];
  directories: Directories;
  undoes: "write" | "undo";
  writtenAt: string;
} {
  const journal = readJournal(directory, UNDO);
  if (journal === undefined) throw nothingToUndo(directory);
  const steps = journal.files.flatMap((entry, index): Step[] => {
    const { path, replaced, sha256: sum, mode } = entry;
    const target = join(directory, path);
    const expected = hashOf(target);
    const touched =
      expected !== sum || (sum !== null && modeOf(target) !== mode);
    const goes = { path, content: null, mode: 0o600, expected };
    if (!replaced) {
      // A new file that is gone needs no undo.
      return expected === null ? [] : [{ path, operation: goes, touched }];
    }
    const old = oldPath(join(directory, UNDO), index);
    const stored = readFileSync(old);
    const content = path === STATE_FILE ? keepDeployed(stored, target) : stored;
    const back = { path, content, mode: modeOf(old), expected };
    return [{ path, operation: back, touched }];
  });
  const { made, removed, undo } = journal;
  // The journal itself may be newer, since recording rewrites it.
  const { mtime } =
    statSync(join(directory, UNDO, ".gitignore"), {
      throwIfNoEntry: false,
    }) ?? statSync(join(directory, UNDO));
  return {
    steps,
    directories: { make: removed, remove: new Set(made) },
    undoes: undo ? "undo" : "write",
    writtenAt: mtime.toISOString(),
  };
}

/** The restored state, with `deployed` as it is now: undo does not change the server. */
function keepDeployed(restored: Buffer, present: string): Buffer {
  const then = attempt(() => parseState(restored.toString()));
  const now = attempt(() => parseState(readIfThere(present)));
  if (then === undefined || now === undefined) return restored;
  const text = stateText(withDeployed(then, deployedAnswers(now)));
  return text === stateText(then) ? restored : Buffer.from(text);
}

/** The state that undo would restore; undefined if there is none, or undo would refuse. */
export function stateAfterUndo(directory: string): State | undefined {
  if (lastWrite(directory) === undefined) return undefined;
  const { steps } = fromJournal(directory);
  const state = steps.find(({ path }) => path === STATE_FILE)?.operation;
  const { content } = state ?? {};
  return !content || steps.some(({ touched }) => touched)
    ? undefined
    : attempt(() => parseState(Buffer.from(content).toString()));
}

const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

/**
 * A repository that appeared by one rename has no journal: its state lists all files. A clone lacks .env,
 * because git ignores it. That counts as touched, so nothing is deleted in a clone.
 */
const fromState = (directory: string): Step[] =>
  stepsOf(directory, readState(directory).state);

/** The same from what a state says. @throws FailedError if it was written again since */
export function stepsOf(
  directory: string,
  { files, regenerated }: Pick<State, "files" | "regenerated">,
): Step[] {
  // Without a journal, undoing it would delete files that it did not create.
  if (regenerated) throw nothingToUndo(directory);
  const steps = Object.entries(files).flatMap(([path, record]): Step[] => {
    const { owner } = record;
    // create kept the owner's file.
    if (owner !== undefined) return [];
    const entry = readDisk(directory, [path]).get(path);
    const expected = hashOf(join(directory, path));
    if (expected === null) return [{ path, operation: null, touched: true }];
    const touched = !isAsGenerated(path, record, entry);
    return [
      {
        path,
        operation: { path, content: null, mode: 0o600, expected },
        touched,
      },
    ];
  });
  const expected = hashOf(join(directory, STATE_FILE));
  return [
    ...steps,
    {
      path: STATE_FILE,
      operation: { path: STATE_FILE, content: null, mode: 0o600, expected },
      touched: false,
    },
  ];
}

/** Whether content and mode are as generated, whatever the random password. Of an edit there is no other copy. */
function isAsGenerated(
  path: string,
  { sha256, mode }: FileRecord,
  entry: DiskEntry | undefined,
): boolean {
  return (
    entry?.kind === "file" &&
    entry.mode === Number.parseInt(mode, 8) &&
    sumOfText(redactSecrets(path, entry.text)) === sha256 &&
    (path !== SECRET_FILE || areGenerated(entry.text))
  );
}

function nothingToUndo(directory: string): FailedError {
  return new FailedError(
    `${directory} has no write to undo`,
    "undo knows only the last write, and nothing in a copy of the repository.",
  );
}
