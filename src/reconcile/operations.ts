import type { Operation } from "../repository/operation.ts";
import { besidePath, besideText } from "./sidecar.ts";
import { WRITING, type Change } from "./compare.ts";
import { type Disk, type DiskEntry } from "../repository/disk.ts";
import type { File } from "../render/render.ts";
import { fillSecrets } from "../render/secrets.ts";
import { sha256, STATE_FILE } from "../repository/state.ts";

/**
 * What changes do to the disk. Secrets get in here and nowhere else: the one that is there, or a
 * new one.
 * @param beside whether the new text of a conflict is laid beside the file
 */
export function operationsOf(
  changes: readonly Change[],
  disk: Disk,
  beside: boolean,
): Operation[] {
  return changes.flatMap((change): Operation[] => {
    const { path, action, after } = change;
    if (action === "conflict" && beside && after !== null) {
      if (change.unlaid !== undefined) return [];
      const text = besideText(change, disk);
      const laid: File = { text, mode: after.mode };
      const operation = write(besidePath(change), laid, "", disk);
      // The same again needs no writing.
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
