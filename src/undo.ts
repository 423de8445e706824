import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { apply, UNDO, type Journal, type Operation } from "./apply.ts";
import { redactSecrets, withoutKept } from "./secret.ts";
import { readDisk } from "./disk.ts";
import { FailedError } from "./errors.ts";
import { readState } from "./read-state.ts";
import { sha256, STATE_FILE } from "./state.ts";

export interface Undone {
  readonly restored: readonly {
    readonly path: string;
    readonly to: "before" | "gone";
  }[];
  /** Files that are not as the last write left them; then nothing is restored unless forced. */
  readonly edited: readonly string[];
}

/**
 * Takes the last write back: content, modes, deletions. It is a write itself, so that it can be
 * taken back once.
 * @throws FailedError where there is nothing to take back
 */
export function takeBackLast(
  directory: string,
  { dryRun, force }: { dryRun: boolean; force: boolean },
): Undone {
  const steps = existsSync(join(directory, UNDO))
    ? fromJournal(directory)
    : fromState(directory);
  const edited = force
    ? []
    : steps.filter(({ touched }) => touched).map(({ path }) => path);
  const operations = steps.flatMap(({ operation }) => operation ?? []);
  const restored = operations.map(({ path, content }) => ({
    path,
    to: content === null ? ("gone" as const) : ("before" as const),
  }));
  if (edited.length > 0) return { restored: [], edited };
  if (!dryRun) apply(directory, operations);
  return { restored, edited };
}

interface Step {
  readonly path: string;
  /** null where there is nothing left to do. */
  readonly operation: Operation | null;
  /** Whether what is there isn't what the last write left. */
  readonly touched: boolean;
}

function fromJournal(directory: string): Step[] {
  const journal = readJournal(directory);
  return journal.files.flatMap(({ path, replaced, written }, index): Step[] => {
    const old = join(directory, UNDO, "old", String(index));
    const expected = sumAt(join(directory, path));
    const touched = expected !== written;
    if (!replaced) {
      // What it had made and is gone already needs no taking back.
      return expected === null
        ? []
        : [
            {
              path,
              operation: { path, content: null, mode: 0o600, expected },
              touched,
            },
          ];
    }
    const mode = statSync(old).mode & 0o7777;
    return [
      {
        path,
        operation: { path, content: readFileSync(old), mode, expected },
        touched,
      },
    ];
  });
}

/**
 * A repository that appeared whole has no journal: all that it was made of is in its state. In a
 * clone .env is missing (git ignores it), which counts as touched: nothing is taken away there.
 */
function fromState(directory: string): Step[] {
  const disk = readDisk(directory, [STATE_FILE]);
  const { files } = readState(directory, disk.get(STATE_FILE));
  const steps = Object.entries(files).flatMap(([path, { text }]): Step[] => {
    const entry = readDisk(directory, [path]).get(path);
    const expected = sumAt(join(directory, path));
    if (expected === null) return [];
    const touched =
      entry?.kind !== "file" ||
      withoutKept(redactSecrets(path, entry.text)) !== text;
    return [
      {
        path,
        operation: { path, content: null, mode: 0o600, expected },
        touched,
      },
    ];
  });
  const expected = sumAt(join(directory, STATE_FILE));
  return [
    ...steps,
    {
      path: STATE_FILE,
      operation: { path: STATE_FILE, content: null, mode: 0o600, expected },
      touched: false,
    },
  ];
}

/** Untrusted like everything on disk: what it names must be plain paths inside. */
function readJournal(directory: string): Journal {
  const file = join(directory, UNDO, "journal.json");
  if (!existsSync(file)) throw nothingToUndo(directory);
  const journal = parse(readFileSync(file, "utf8"), file);
  const inside = ({ path }: Journal["files"][number]): boolean =>
    typeof path === "string" &&
    !path.startsWith("/") &&
    !path.split("/").some((part) => ["", ".", "..", ".git"].includes(part));
  const links = readDisk(
    directory,
    journal.files.map(({ path }) => path),
  );
  const plain = [...links.values()].every(({ kind }) => kind !== "other");
  if (!journal.files.every(inside) || !plain) {
    throw new FailedError(
      `${file} names what is no plain file of the repository`,
      "Take it back with git.",
    );
  }
  return journal;
}

function nothingToUndo(directory: string): FailedError {
  return new FailedError(
    `${directory} has no write to take back`,
    "undo knows the last one only, and not in a copy.",
  );
}

function parse(text: string, file: string): Journal {
  try {
    const { files, made } = JSON.parse(text) as Partial<Journal>;
    if (Array.isArray(files) && Array.isArray(made)) return { files, made };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FailedError(`${file} is broken`, "Take the files back with git.");
}

/** sha256 of the file at a path, or null. */
function sumAt(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile()
    ? sha256(readFileSync(path))
    : null;
}
