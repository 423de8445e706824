import { generatedFile } from "../render/generated-files.ts";
import type { DiskEntry } from "./disk.ts";
import type { Marks } from "./state.ts";
import {
  broken,
  object,
  readAnswers,
  readFormer,
  unusable,
  type Fields,
} from "./stored-answers.ts";
import {
  SCHEMA_VERSION,
  STATE_FILE,
  sumOfText,
  type FileRecord,
  type State,
} from "./state.ts";

/**
 * Reads the state as something that anybody may have written: every path relative and inside, every
 * text what its sha256 says, the answers usable.
 * @throws UnusableError naming what is wrong; nothing is repaired by guessing
 */
export function readState(
  directory: string,
  entry: DiskEntry | undefined,
): State {
  if (entry === undefined || entry.kind === "absent") {
    throw unusable(
      directory,
      "it holds no generated repository",
      "create-kong-ipv6 DIRECTORY makes one",
    );
  }
  if (entry.kind === "other") throw broken(`it is ${entry.what}`);
  if (last?.text === entry.text) return last.state;
  let content: unknown;
  try {
    content = JSON.parse(entry.text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(`it is no JSON (${error.message})`);
  }
  const state = object(content, "it");
  refuseOtherSchema(state["schemaVersion"]);
  refuseUnknown(state, KEYS, "it");
  if (typeof state["generator"] !== "string")
    throw broken("generator is no version");
  const answers = readAnswers(state["answers"], "answers");
  const former = readFormer(state["former"], answers);
  const { regenerated } = state;
  if (regenerated !== undefined && regenerated !== true)
    throw broken("regenerated is not true");
  const files: Record<string, FileRecord> = {};
  for (const [path, value] of Object.entries(object(state["files"], "files"))) {
    files[path] = readRecord(path, object(value, `files: ${path}`));
  }
  const read: State = {
    schemaVersion: SCHEMA_VERSION,
    generator: state["generator"],
    answers,
    former,
    ...(regenerated && { regenerated }),
    files,
  };
  last = { text: entry.text, state: read };
  return read;
}

/** A run looks twice whether it is still the same: the second time nothing is new. */
let last: { readonly text: string; readonly state: State } | undefined;

const KEYS = [
  "schemaVersion",
  "generator",
  "answers",
  "former",
  "regenerated",
  "files",
];
const RECORD_KEYS = [
  "sha256",
  "mode",
  "text",
  "owner",
  "merged",
  "answers",
  "owned",
  "beside",
];

/** A plain relative path to a file of the owner's: nothing of git's, nothing of our own. */
function isInside(path: string): boolean {
  const parts = path.split("/");
  return (
    !/[\0\\]/.test(path) &&
    !parts.some((part) => ["", ".", "..", "__proto__"].includes(part)) &&
    !parts.some((part) => part.toLowerCase() === ".git") &&
    !(parts[0] as string).startsWith(".kong-ipv6.")
  );
}

function readRecord(path: string, fields: Fields): FileRecord {
  if (!isInside(path)) {
    throw broken(`${JSON.stringify(path)} is no path inside the repository`);
  }
  refuseUnknown(fields, RECORD_KEYS, path);
  const { sha256: sum, mode, text, owner } = fields;
  if (typeof sum !== "string" || !/^[0-9a-f]{64}$/.test(sum))
    throw broken(`the sha256 of ${path} is not one`);
  if (text === undefined && generatedFile(path)?.secret)
    throw broken(`the text of ${path} is missing`);
  if (
    text !== undefined &&
    (typeof text !== "string" || sum !== sumOfText(text))
  )
    throw broken(`the text of ${path} is not what its sha256 says`);
  if (typeof mode !== "string" || !/^0[0-7]{3}$/.test(mode))
    throw broken(`the mode of ${path} is none`);
  if (
    owner !== undefined &&
    (typeof owner !== "string" || !/^([0-9a-f]{64}|absent|edited)$/.test(owner))
  ) {
    throw broken(`owner of ${path} is no sha256`);
  }
  const held = fields["answers"];
  const { owned, beside, merged } = fields;
  if (merged !== undefined && merged !== true)
    throw broken(`merged of ${path} is not true`);
  if (
    beside !== undefined &&
    (typeof beside !== "string" || !/^[0-9a-f]{64}$/.test(beside))
  )
    throw broken(`beside of ${path} is no sha256`);
  return {
    sha256: sum,
    mode,
    ...(text === undefined ? {} : { text }),
    ...(owner === undefined ? {} : { owner }),
    ...(merged && { merged }),
    ...(held === undefined
      ? {}
      : { answers: readAnswers(held, `answers of ${path}`) }),
    ...(owned === undefined ? {} : { owned: readMarks(owned, path) }),
    ...(beside === undefined ? {} : { beside }),
  };
}

function refuseOtherSchema(version: unknown): void {
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw broken("schemaVersion is not a version");
  if (version > SCHEMA_VERSION)
    throw unusable(
      STATE_FILE,
      `it was written by a newer generator (schema ${version}; this one knows ${SCHEMA_VERSION})`,
      "Run npx create-kong-ipv6@latest",
    );
}

function readMarks(value: unknown, path: string): Marks {
  const marks = object(value, `owned of ${path}`);
  if (
    !Object.values(marks).every(
      (digits) => typeof digits === "string" && /^[01]+$/.test(digits),
    )
  )
    throw broken(`owned of ${path} is no list of marks`);
  return marks as Marks;
}

/** What we don't know, we would drop when we write. */
function refuseUnknown(
  fields: Fields,
  known: readonly string[],
  where: string,
): void {
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw broken(`${where} has ${JSON.stringify(unknown)}, which is unknown`);
}
