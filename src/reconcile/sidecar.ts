import {
  hasOldMarkers,
  textToWrite,
  whatIsThere,
  type Change,
} from "./change.ts";
import {
  entryAt,
  textAt,
  type Disk,
  type DiskEntry,
} from "../repository/disk.ts";
import { fillSecrets, SECRET_FILE } from "../render/secrets.ts";
import { sha256, type State } from "../repository/state.ts";

/** The end of the name of a sidecar: a file with the new text, beside a file in conflict. */
export const SIDECAR = ".new";

/** The path of a sidecar: beside the file that stays. */
export const sidecarPath = ({ path, from }: Change): string =>
  (from ?? path) + SIDECAR;

/**
 * Adds what becomes of sidecars. One that is there already is overwritten, or deleted once the conflict
 * is resolved, only if it is that of the last run, unchanged.
 * @param previous the state before this run
 */
export function withSidecars(
  changes: readonly Change[],
  disk: Disk,
  previous: Pick<State, "files">,
): Change[] {
  return changes.map((change) => {
    const at = sidecarPath(change);
    const last = previous.files[change.from ?? change.path]?.sidecar;
    const entry = entryAt(disk, at);
    const isOurs = (text: string): boolean => sha256(text) === last;
    if (change.action !== "conflict")
      // Of a file that gets a new path, the deletion at the old one has it.
      return change.from === undefined &&
        entry.kind === "file" &&
        isOurs(entry.text)
        ? { ...change, sidecar: "obsolete" }
        : change;
    const isNew = (text: string): boolean => text !== sidecarText(change, disk);
    const known = (text: string): boolean => isOurs(text) || !isNew(text);
    const noSidecar = hasOldMarkers(change)
      ? `${change.from ?? change.path} still has conflict markers.`
      : (secretAway(change) ?? inTheWay(at, entry, known));
    if (noSidecar !== undefined) return { ...change, noSidecar };
    return entry.kind === "file" && !isNew(entry.text)
      ? { ...change, sidecar: "unchanged" }
      : change;
  });
}

/** The text of a sidecar. Its secrets are the file's own, else those of the last sidecar, else new ones. */
export function sidecarText(change: Change, disk: Disk): string {
  const paths = [sidecarPath(change), change.from ?? change.path];
  const texts = paths.map((path) => textAt(disk, path) ?? "");
  return fillSecrets(textToWrite(change).text, texts.join("\n"));
}

/** If the password in .env is not known, a sidecar would have a second one. */
function secretAway({ path, before, reason }: Change): string | undefined {
  if (path !== SECRET_FILE || before !== null) return undefined;
  return `${path}.new was not written: ${path} is ${reason}, so its password is not known here. See .env.example for what it needs.`;
}

function inTheWay(
  at: string,
  entry: DiskEntry,
  known: (text: string) => boolean,
): string | undefined {
  if (entry.kind === "other")
    return `${at} could not be written: ${whatIsThere(entry.what)}.`;
  if (entry.kind !== "file" || known(entry.text)) return undefined;
  return `${at} was edited, or create-kong-ipv6 did not write it; it was not overwritten. Move it away and run this again to get the new text.`;
}

/**
 * The sha256 of a sidecar, for the state. A sum over the owner's own secrets could be used to guess
 * them; with a random password it can't.
 */
export function sidecarSum(
  at: string,
  content: Uint8Array,
): string | undefined {
  const random = /=[0-9a-f]{64}$/m.test(new TextDecoder().decode(content));
  return at !== SECRET_FILE + SIDECAR || random ? sha256(content) : undefined;
}
