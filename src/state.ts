import { createHash } from "node:crypto";
import type { Answers } from "./answers.ts";
import type { Tree } from "./render.ts";
import { VERSION } from "./version.ts";

/** Answers and the text of what was last generated; committed by the owner, holds no secret. */
export const STATE_FILE = ".kong-ipv6.json";

export const SCHEMA_VERSION = 1;

export interface State {
  readonly schemaVersion: number;
  /** The version of create-kong-ipv6 that wrote it. */
  readonly generator: string;
  readonly answers: Answers;
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  readonly sha256: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  readonly text: string;
}

/** The state after these files were generated from these answers. */
export function stateOf(answers: Answers, tree: Tree): State {
  const files: Record<string, FileRecord> = {};
  for (const [path, { text, mode }] of tree) {
    const sha256 = createHash("sha256").update(text).digest("hex");
    files[path] = { sha256, mode: mode.toString(8).padStart(4, "0"), text };
  }
  return { schemaVersion: SCHEMA_VERSION, generator: VERSION, answers, files };
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
