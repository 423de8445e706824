import { crypto } from "../base/builtin.ts";
import type { Answers } from "../answers/questions.ts";
import { besidePath } from "../reconcile/sidecar.ts";
import type { Change } from "../reconcile/compare.ts";
import type { Marks } from "../renumber/ownership.ts";
import type { Spellings } from "../renumber/spelled.ts";
import type { File, Tree } from "../render/render.ts";
import { abridged, remember } from "./previous-answers.ts";
import { ownText, SECRET_FILE } from "../render/secrets.ts";
import { VERSION } from "../base/version.ts";

/** Answers and the text of what was last generated; committed by the owner, holds no secret. */
export const STATE_FILE = ".kong-ipv6.json";

export const SCHEMA_VERSION = 3;

/** The owner's version of .env is known to be there, and no more: a sum of it would tell its secrets. */
export const EDITED = "edited";

export interface State {
  readonly schemaVersion: number;
  /** The version of create-kong-ipv6 that wrote it. */
  readonly generator: string;
  readonly answers: Answers;
  /** What they were before, newest first; the file holds of each what differs from the next newer one. */
  readonly former: readonly Answers[];
  /** Whether regenerate has written it since create did. */
  readonly regenerated?: true;
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  /** Of text. */
  readonly sha256: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  /** What the generator last contributed to this file: the base of the next merge. */
  readonly text: string;
  /** The owner's version of it that is known: its sha256, "absent", or "edited" (.env); none where it is as generated. */
  readonly owner?: string;
  /** Whether that version is what regenerate made of the owner's edits and a new text. */
  readonly merged?: true;
  /** The answers that text came from, where it is older than the state's own: held back, or generated no more. */
  readonly answers?: Answers;
  /** What of the owner's version reads like the plan's values, and is the owner's own. */
  readonly owned?: Marks;
  /** How addresses in the owner's version were spelled before they were followed. */
  readonly spelled?: Spellings;
  /** The sha256 of what was laid beside it last, for a conflict. */
  readonly beside?: string;
}

/** All answers of the past that files may hold values of, newest first. */
export function formerOf({ former, files }: State): Answers[] {
  const held = Object.values(files).flatMap(({ answers }) => answers ?? []);
  return [...former, ...held];
}

/** The state of a repository that was just made. */
export function stateOf(answers: Answers, tree: Tree): State {
  const files = [...tree].map(([path, file]): [string, FileRecord] => [
    path,
    record(file),
  ]);
  return {
    schemaVersion: SCHEMA_VERSION,
    generator: VERSION,
    answers,
    former: [],
    files: Object.fromEntries(files),
  };
}

/**
 * The state after changes were applied: the base of a file advances only where the new text was
 * applied, or the owner has decided about it.
 * @param former absent for a repository that is just made
 * @param laid what is written, path → sha256 as the state may have it
 */
export function stateAfter(
  former: State | undefined,
  answers: Answers,
  rendered: Tree,
  changes: readonly Change[],
  laid: ReadonlyMap<string, string | undefined> = new Map(),
): State {
  const files: Record<string, FileRecord> = {};
  for (const change of changes) {
    const at = change.from ?? change.path;
    const held = former?.files[at];
    const next = rendered.get(change.path);
    if (change.action !== "conflict") {
      if (next !== undefined) {
        const owner = ownersOf(change, next);
        const made = record(next, owner, change);
        const merged = isMerged(change, owner, held);
        files[change.path] = merged ? { ...made, merged } : made;
      }
    } else if (former && held) {
      const { beside: before, ...rest } = held;
      const path = besidePath(change);
      const beside = laid.has(path) ? laid.get(path) : before;
      const since = held.answers ?? former.answers;
      files[at] = { ...rest, answers: since, ...(beside && { beside }) };
    }
  }
  for (const [path, held] of Object.entries(former?.files ?? {})) {
    if (rendered.has(path) || handled(path, changes)) continue;
    // Generated no more, but the owner edited or deleted it: it may be generated again one day.
    const { answers: before } = former as State;
    files[path] = { ...held, answers: held.answers ?? before };
  }
  const sorted = Object.fromEntries(
    Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const made = { ...stateOf(answers, new Map()), files: sorted };
  if (former === undefined) return made;
  const before = [former.answers, ...former.former];
  const { regenerated } = former;
  return {
    ...made,
    former: remember(before, answers),
    ...(regenerated && { regenerated }),
  };
}

/** Whether a file is gone for good, or goes by another path now. */
const handled = (path: string, changes: readonly Change[]): boolean =>
  changes.some(
    (change) =>
      change.from === path ||
      (change.path === path && change.action === "delete"),
  );

/** It stays so for as long as the owner leaves it. */
function isMerged(
  { action }: Change,
  owner: string | undefined,
  held: FileRecord | undefined,
): true | undefined {
  // Of .env every version of the owner's is known.
  if (owner === undefined || owner === EDITED) return undefined;
  if (action === "merge") return true;
  return action === "keep" && held?.owner === owner ? held.merged : undefined;
}

/** What the owner's version is, where it isn't what was generated. */
function ownersOf(
  { path, action, before, after }: Change,
  next: File,
): string | undefined {
  const onDisk = action === "keep" ? before : after;
  // Kept without a text: a link, a directory.
  if (action === "gone" || onDisk === null) return "absent";
  const text = ownText(path, onDisk.text);
  if (text === next.text) return undefined;
  return path === SECRET_FILE ? EDITED : sha256(text);
}

function record(
  { text, mode }: File,
  owner?: string,
  { owned, spelled }: Pick<Change, "owned" | "spelled"> = {},
): FileRecord {
  const octal = mode.toString(8).padStart(4, "0");
  return {
    sha256: sumOfText(text),
    mode: octal,
    text,
    ...(owner === undefined ? {} : { owner }),
    ...(owned && { owned }),
    ...(spelled && { spelled }),
  };
}

export function sha256(data: string | Uint8Array): string {
  return crypto().hash("sha256", data);
}

const SUMS = new Map<string, string>();

/** The same of a text that is summed several times in a run. */
export function sumOfText(text: string): string {
  let sum = SUMS.get(text);
  if (sum === undefined) SUMS.set(text, (sum = sha256(text)));
  return sum;
}

export function stateText({ files, regenerated, ...state }: State): string {
  const former = abridged(state.former, state.answers);
  const rest = { ...(regenerated && { regenerated }), files };
  return `${jsonText({ ...state, former, ...rest })}\n`;
}

/** JSON as prettier prints it: lists of texts on one line where they fit in 80 columns. */
export function jsonText(value: unknown, indent = "", column = 0): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    // One column is left for the comma that may follow.
    const texts = value.every((item) => typeof item === "string");
    if (value.length === 0 || (texts && column + flat.length < 80)) return flat;
    const items = value.map(
      (item) => inner + jsonText(item, inner, inner.length),
    );
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, member]) => {
      const name = `${inner}${JSON.stringify(key)}: `;
      return name + jsonText(member, inner, name.length);
    });
    return members.length === 0
      ? "{}"
      : `{\n${members.join(",\n")}\n${indent}}`;
  }
  return JSON.stringify(value);
}
