import type { Operation } from "../repository/operation.ts";
import { sidecarPath, sidecarText, sidecarSum } from "./sidecar.ts";
import { WRITING, type Change } from "./change.ts";
import { stateAfter } from "./next-state.ts";
import type { Outcome, Request } from "./request.ts";
import { type Disk, type DiskEntry } from "../repository/disk.ts";
import type { File, Tree } from "../render/render.ts";
import { fillSecrets } from "../render/secrets.ts";
import { sha256, STATE_FILE, stateText } from "../repository/state.ts";

/** All that a run writes, the state last; empty if nothing changes, or nothing may be written. */
export function allOperations(
  { dryRun, previous }: Pick<Request, "dryRun" | "previous">,
  { answers, changes }: Pick<Outcome, "answers" | "changes">,
  rendered: Tree,
  disk: Disk,
): readonly Operation[] {
  const conflicts = changes.some(({ action }) => action === "conflict");
  if (dryRun || (conflicts && previous === undefined)) return [];
  const operations = operationsOf(changes, disk, previous !== undefined);
  const written = new Map(
    operations.map(({ path, content }) => [
      path,
      content ? sidecarSum(path, content) : undefined,
    ]),
  );
  const state = stateAfter(previous, answers, rendered, changes, written);
  const entry = disk.get(STATE_FILE);
  // A first regenerate that changes nothing must not write only the `regenerated` mark.
  const known = (): boolean =>
    entry?.kind === "file" && entry.text === stateText(state);
  if (operations.length === 0 && known()) return [];
  const text = stateText(previous ? { ...state, regenerated: true } : state);
  const same = entry?.kind === "file" && entry.text === text;
  return same ? operations : [...operations, stateOperation(text, disk)];
}

/**
 * The operations of changes. Secrets are filled in here and nowhere else: the existing one, or a new
 * one.
 * @param sidecars whether to write the new text of a conflict beside the file
 */
export function operationsOf(
  changes: readonly Change[],
  disk: Disk,
  sidecars: boolean,
): Operation[] {
  return changes.flatMap((change): Operation[] => {
    const { path, action, after } = change;
    if (action === "conflict" && sidecars && after !== null) {
      if (change.noSidecar !== undefined) return [];
      const text = sidecarText(change, disk);
      const sidecar: File = { text, mode: after.mode };
      const operation = write(sidecarPath(change), sidecar, "", disk);
      // It is there already.
      return sha256(operation.content ?? "") === operation.expected
        ? []
        : [operation];
    }
    if (!WRITING.has(action)) return [];
    const existing = rawText(disk.get(change.from ?? path));
    if (after !== null) return [write(path, after, existing, disk)];
    return [{ path, content: null, mode: 0o600, expected: sumAt(disk, path) }];
  });
}

/** The state file, always the last to be written. */
export function stateOperation(text: string, disk: Disk): Operation {
  const entry = disk.get(STATE_FILE);
  const mode = entry?.kind === "file" ? entry.mode : 0o644;
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
  const entry = disk.get(path);
  return entry?.kind === "file" ? sha256(entry.text) : null;
}

function rawText(entry: DiskEntry | undefined): string {
  return entry?.kind === "file" ? entry.text : "";
}
