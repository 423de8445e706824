// A module of its own, so that only what merges YAML loads the parser: a smaller one than yaml, which
// reads what isn't trusted and is strict about it, and which takes four times as long to start.
import { CORE_SCHEMA, load, Type } from "js-yaml";

/** Tags that only the program that a file is for knows, as Compose's !reset and !override. */
const ANY_TAG = ["!", "tag:"].flatMap((start) =>
  (["scalar", "sequence", "mapping"] as const).map(
    (kind) => new Type(start, { kind, multi: true }),
  ),
);

/** `<<` (https://yaml.org/type/merge.html), as Compose takes it. */
const MERGE = new Type("tag:yaml.org,2002:merge", {
  kind: "scalar",
  resolve: (text) => text === "<<",
});

const ANY_SCHEMA = CORE_SCHEMA.extend({ implicit: [MERGE], explicit: ANY_TAG });

/** Why a text is no YAML; undefined where it is. */
export function whyNoYaml(text: string): string | undefined {
  try {
    load(text, { schema: ANY_SCHEMA });
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return "reason" in error ? String(error.reason) : error.message;
  }
}
