import { createHash } from "node:crypto";
import type { Answers } from "./answers.ts";
import type { Change } from "./changes.ts";
import type { File, Tree } from "./render.ts";
import { ownText } from "./secret.ts";
import { VERSION } from "./version.ts";

/** Answers and the text of what was last generated; committed by the owner, holds no secret. */
export const STATE_FILE = ".kong-ipv6.json";

export const SCHEMA_VERSION = 2;

export interface State {
  readonly schemaVersion: number;
  /** The version of create-kong-ipv6 that wrote it. */
  readonly generator: string;
  readonly answers: Answers;
  /** Prefixes of the past that still stood somewhere when this was written. */
  readonly formerPrefixes: readonly string[];
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  /** Of text. */
  readonly sha256: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  /** What the generator last contributed to this file: the base of the next merge. */
  readonly text: string;
  /** The owner's version of it that is known: its sha256, or "absent"; none where it is as generated. */
  readonly owner?: string;
  /** The answers that text came from, where it is older than the state's own: held back, or generated no more. */
  readonly answers?: Answers;
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
    formerPrefixes: [],
    files: Object.fromEntries(files),
  };
}

/**
 * The state after changes were applied: the base of a file advances only where the new text was
 * applied, or the owner has decided about it.
 * @param former absent for a repository that is just made
 * @param formerPrefixes those that are left somewhere
 */
export function stateAfter(
  former: State | undefined,
  answers: Answers,
  rendered: Tree,
  changes: readonly Change[],
  formerPrefixes: readonly string[] = [],
): State {
  const files: Record<string, FileRecord> = {};
  for (const change of changes) {
    const at = change.from ?? change.path;
    const held = former?.files[at];
    const next = rendered.get(change.path);
    if (change.action !== "conflict") {
      if (next !== undefined)
        files[change.path] = record(next, ownersOf(change, next));
    } else if (former && held) {
      files[at] = { ...held, answers: held.answers ?? former.answers };
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
  return { ...stateOf(answers, new Map()), formerPrefixes, files: sorted };
}

/** Whether a file is gone for good, or goes by another path now. */
const handled = (path: string, changes: readonly Change[]): boolean =>
  changes.some(
    (change) =>
      change.from === path ||
      (change.path === path && change.action === "delete"),
  );

/** What the owner's version is, where it isn't what was generated. */
function ownersOf(
  { path, action, before, after }: Change,
  next: File,
): string | undefined {
  const onDisk = action === "keep" ? before : after;
  // Kept without a text: a link, a directory.
  if (action === "gone" || onDisk === null) return "absent";
  const text = ownText(path, onDisk.text);
  return text === next.text ? undefined : sha256(text);
}

function record({ text, mode }: File, owner?: string): FileRecord {
  const octal = mode.toString(8).padStart(4, "0");
  return {
    sha256: sha256(text),
    mode: octal,
    text,
    ...(owner === undefined ? {} : { owner }),
  };
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function stateText(state: State): string {
  return `${jsonText(state)}\n`;
}

/** JSON as prettier prints it: lists of texts on one line where they fit in 80 columns. */
export function jsonText(value: unknown, indent = "", column = 0): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    // One column is left for the comma that may follow.
    if (column + flat.length < 80 || value.length === 0) return flat;
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
