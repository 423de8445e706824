import type { Change } from "./change.ts";
import type { Disk, DiskEntry } from "../repository/disk.ts";
import { fillSecrets, SECRET_FILE } from "../render/secrets.ts";
import { sha256, type State } from "../repository/state.ts";

/** What lies beside a file that could not be merged: what would have been written. */
export const SIDECAR = ".new";

/** Where the new text of a conflict lies: beside the file that stays. */
export const sidecarPath = ({ path, from }: Change): string =>
  (from ?? path) + SIDECAR;

/**
 * Conflicts with the reason why their new text can't lie beside the file, where there is one: what is
 * there already is overwritten only where it is what was laid there last.
 * @param previous what was generated before
 */
export function withSidecars(
  changes: readonly Change[],
  disk: Disk,
  previous: State,
): Change[] {
  return changes.map((change) => {
    if (change.action !== "conflict") return change;
    const at = sidecarPath(change);
    const laid = previous.files[change.from ?? change.path]?.beside;
    const entry = disk.get(at);
    const known = (text: string): boolean =>
      sha256(text) === laid || text === sidecarText(change, disk);
    const noSidecar = secretAway(change) ?? inTheWay(at, entry, known);
    return noSidecar === undefined ? change : { ...change, noSidecar };
  });
}

/** What lies beside a file: its secrets, else those that lie there already, else new ones. */
export function sidecarText(change: Change, disk: Disk): string {
  const paths = [sidecarPath(change), change.from ?? change.path];
  const texts = paths.map((path) => {
    const entry = disk.get(path);
    return entry?.kind === "file" ? entry.text : "";
  });
  return fillSecrets(change.after?.text ?? "", texts.join("\n"));
}

/** There must be no second password beside one that can't be seen. */
function secretAway({ path, before, reason }: Change): string | undefined {
  if (path !== SECRET_FILE || before !== null) return undefined;
  return `no text for ${path} lies beside it, for it would have another password: ${path} is ${reason}, and can't be looked into. What it needs is in .env.example.`;
}

function inTheWay(
  at: string,
  entry: DiskEntry | undefined,
  known: (text: string) => boolean,
): string | undefined {
  if (entry?.kind === "other") {
    const itself = /^(an? |unreadable)/.test(entry.what);
    return `${at} could not be written: ${itself ? `it is ${entry.what}` : entry.what}.`;
  }
  if (entry?.kind !== "file" || known(entry.text)) return undefined;
  return `${at} is not as it was laid there, and stays: move it away and run regenerate again for the new text.`;
}

/**
 * The sum of what was laid beside a file, as the state may have it: one of the owner's secrets alone
 * could be guessed from it, with a random password it can't.
 */
export function sidecarSum(
  at: string,
  content: Uint8Array,
): string | undefined {
  const random = /=[0-9a-f]{64}$/m.test(new TextDecoder().decode(content));
  return at !== SECRET_FILE + SIDECAR || random ? sha256(content) : undefined;
}
