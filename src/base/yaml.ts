import {
  CORE_SCHEMA,
  load,
  Type,
  YAMLException,
  type EventType,
  type State,
} from "js-yaml";

// js-yaml, because the package yaml takes four times as long to load. The build makes this module a
// file of its own, which is loaded only by runs that read YAML.

/**
 * Parses YAML 1.2 (core schema), and so JSON, from an untrusted file.
 * @throws SyntaxError with reason and position: not YAML, a duplicate key, an anchor
 */
export function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, listener: refuseAnchor });
  } catch (error) {
    throw new SyntaxError(reasonOf(error), { cause: error });
  }
}

/** Aliases can make a small text endlessly large; without an anchor there is none. */
function refuseAnchor(_: EventType, state: State): void {
  // Set while the parser is at a node with an anchor; the types leave it out.
  if ((state as State & { anchor?: string | null }).anchor)
    throw new YAMLException("an anchor (&) is not supported");
}

/** Tags that only the program which reads the file knows, like Compose's !reset and !override. */
const ANY_TAG = ["!", "tag:"].flatMap((start) =>
  (["scalar", "sequence", "mapping"] as const).map(
    (kind) => new Type(start, { kind, multi: true }),
  ),
);

/** `<<` (https://yaml.org/type/merge.html), as Compose reads it. */
const MERGE = new Type("tag:yaml.org,2002:merge", {
  kind: "scalar",
  resolve: (text) => text === "<<",
});

const ANY_SCHEMA = CORE_SCHEMA.extend({ implicit: [MERGE], explicit: ANY_TAG });

/**
 * Parses YAML as Compose and netplan read it: with aliases, merges and any tags.
 * @throws SyntaxError
 */
export function parseAnyYaml(text: string): unknown {
  try {
    return load(text, { schema: ANY_SCHEMA });
  } catch (error) {
    throw new SyntaxError(reasonOf(error), { cause: error });
  }
}

/** Why a text with any tags is not a YAML mapping; undefined if it is one. */
export function whyNotMapping(text: string): string | undefined {
  try {
    const value = load(text, { schema: ANY_SCHEMA });
    // The parser returns the same for comments only and for a single null.
    if (value === undefined || value === null) return "it is empty";
    return typeof value === "object" && !Array.isArray(value)
      ? undefined
      : "it has no keys at the top";
  } catch (error) {
    if (!(error instanceof YAMLException))
      return `not valid YAML: ${reasonOf(error)}`;
    // The types promise a mark, but not every error has one.
    const mark = error.mark as typeof error.mark | undefined;
    const place = mark ? ` (line ${mark.line + 1})` : "";
    return `not valid YAML: ${error.reason}${place}`;
  }
}

/** The first line of the parser's message; the others quote the text. */
function reasonOf(error: unknown): string {
  // A RangeError: nested too deeply.
  if (!(error instanceof YAMLException || error instanceof RangeError))
    throw error;
  return error.message.split("\n")[0] as string;
}
