import type { Operation } from "../repository/operation.ts";
import { sidecarPath, sidecarText, sidecarSum } from "./sidecar.ts";
import { textToWrite, WRITING, type Change } from "./change.ts";
import { stateAfter, type Made } from "./next-state.ts";
import type { Request } from "./request.ts";
import { entryAt, textAt, type Disk } from "../repository/disk.ts";
import type { File, Tree } from "../render/render.ts";
import { fillSecrets } from "../render/secrets.ts";
import { sha256, STATE_FILE, stateText } from "../repository/state.ts";

/** All that a run writes, the state last; empty if nothing changes, or nothing may be written. */
export function allOperations(
  { dryRun, previous }: Pick<Request, "dryRun" | "previous">,
  made: Made,
  rendered: Tree,
  disk: Disk,
): readonly Operation[] {
  const { changes } = made;
  const conflicts = changes.some(({ action }) => action === "conflict");
  if (dryRun || (conflicts && previous === undefined)) return [];
  const operations = operationsOf(changes, disk);
  const written = new Map(
    operations.map(({ path, content }) => [
      path,
      content ? sidecarSum(path, content) : undefined,
    ]),
  );
  const state = stateAfter(previous, made, rendered, written);
  const there = textAt(disk, STATE_FILE);
  // A first regenerate that changes nothing must not write only the `regenerated` mark.
  if (operations.length === 0 && there === stateText(state)) return [];
  const adopts = changes.some(({ action }) => action === "same");
  const text = stateText(
    previous || adopts ? { ...state, regenerated: true } : state,
  );
  return there === text
    ? operations
    : [...operations, stateOperation(text, disk)];
}

/**
 * The operations of changes, the `.new` files of conflicts included. Secrets are filled in here and
 * nowhere else: the existing one, or a new one.
 */
export function operationsOf(
  changes: readonly Change[],
  disk: Disk,
): Operation[] {
  return changes.flatMap((change): Operation[] => {
    const { path, action, after } = change;
    if (action === "conflict") return sidecarOperation(change, disk);
    const old = change.sidecar === "obsolete" ? [sidecarPath(change)] : [];
    const deletions = old.map((at) => deletion(at, disk));
    if (!WRITING.has(action)) return deletions;
    const existing = textAt(disk, change.from ?? path) ?? "";
    return after === null
      ? [deletion(path, disk), ...deletions]
      : [write(path, after, existing, disk), ...deletions];
  });
}

const deletion = (path: string, disk: Disk): Operation => ({
  path,
  content: null,
  mode: 0o600,
  expected: sumAt(disk, path),
});

function sidecarOperation(change: Change, disk: Disk): Operation[] {
  if (change.noSidecar !== undefined || change.sidecar === "unchanged")
    return [];
  const at = sidecarPath(change);
  const text = sidecarText(change, disk);
  return [write(at, { text, mode: textToWrite(change).mode }, "", disk)];
}

/** The state file, always the last to be written. */
export function stateOperation(text: string, disk: Disk): Operation {
  const entry = entryAt(disk, STATE_FILE);
  const mode = entry.kind === "file" ? entry.mode : 0o644;
  return write(STATE_FILE, { text, mode }, "", disk);
}

function write(
  path: string,
  { text, mode }: File,
  existing: string,
  disk: Disk,
): Operation {
  const content = new TextEncoder().encode(fillSecrets(text, existing));
  return { path, content, mode, expected: sumAt(disk, path) };
}

function sumAt(disk: Disk, path: string): string | null {
  const text = textAt(disk, path);
  return text === undefined ? null : sha256(text);
}
