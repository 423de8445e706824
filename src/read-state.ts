import { parseSubnet, Refusal } from "./address.ts";
import { QUESTIONS, type Answers } from "./answers.ts";
import type { DiskEntry } from "./changes.ts";
import { UnusableError } from "./errors.ts";
import { resolve, type Given } from "./resolve.ts";
import {
  SCHEMA_VERSION,
  sha256,
  STATE_FILE,
  type FileRecord,
  type State,
} from "./state.ts";

/**
 * Reads the state as something that anybody may have written: every path relative and inside, every
 * text what its sha256 says, the answers usable. An older schema is migrated.
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
  let content: unknown;
  try {
    content = JSON.parse(entry.text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(`it is no JSON (${error.message})`);
  }
  const state = migrate(object(content, "it"));
  refuseUnknown(state, KEYS, "it");
  if (typeof state["generator"] !== "string")
    throw broken("generator is no version");
  const answers = readAnswers(state["answers"], "answers");
  const former = state["formerPrefixes"];
  if (!Array.isArray(former) || !former.every((prefix) => isPrefix(prefix))) {
    throw broken("formerPrefixes is no list of prefixes");
  }
  const files: Record<string, FileRecord> = {};
  for (const [path, value] of Object.entries(object(state["files"], "files"))) {
    files[path] = readRecord(path, object(value, `files: ${path}`));
  }
  return {
    schemaVersion: SCHEMA_VERSION,
    generator: state["generator"],
    answers,
    formerPrefixes: former as string[],
    files,
  };
}

const KEYS = [
  "schemaVersion",
  "generator",
  "answers",
  "formerPrefixes",
  "files",
];
const RECORD_KEYS = ["sha256", "mode", "text", "owner", "answers"];

/** One step for each schema version: what it was → what the next one is. */
const MIGRATIONS: Readonly<Record<number, (state: Fields) => Fields>> = {
  1: (state) => ({ ...state, formerPrefixes: [] }),
};

type Fields = Record<string, unknown>;

function migrate(state: Fields): Fields {
  const version = state["schemaVersion"];
  if (
    typeof version !== "number" ||
    !Number.isInteger(version) ||
    version < 1
  ) {
    throw broken("schemaVersion is no version");
  }
  if (version > SCHEMA_VERSION) {
    throw unusable(
      STATE_FILE,
      `it was written by a newer generator (schema ${version}, known is ${SCHEMA_VERSION})`,
      "Run npx create-kong-ipv6@latest",
    );
  }
  let migrated = state;
  for (let step = version; step < SCHEMA_VERSION; step += 1) {
    migrated = MIGRATIONS[step]?.(migrated) ?? migrated;
  }
  return migrated;
}

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
  if (typeof text !== "string" || sum !== sha256(text)) {
    throw broken(`the text of ${path} is not what its sha256 says`);
  }
  if (typeof mode !== "string" || !/^0[0-7]{3}$/.test(mode))
    throw broken(`the mode of ${path} is none`);
  if (
    owner !== undefined &&
    (typeof owner !== "string" || !/^([0-9a-f]{64}|absent)$/.test(owner))
  ) {
    throw broken(`owner of ${path} is no sha256`);
  }
  const held = fields["answers"];
  return {
    sha256: sum,
    mode,
    text,
    ...(owner === undefined ? {} : { owner }),
    ...(held === undefined
      ? {}
      : { answers: readAnswers(held, `answers of ${path}`) }),
  };
}

/** All of them, in normal form, usable together: else the state was edited or cut. */
function readAnswers(value: unknown, where: string): Answers {
  const given = object(value, where);
  const known = new Set<string>(QUESTIONS.map(({ key }) => key));
  const unknown = Object.keys(given).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw broken(`${where} has ${JSON.stringify(unknown)}, which is no answer`);
  // Its default is another one each time.
  if (given["internalPrefix"] === undefined)
    throw broken(`${where} has no internalPrefix`);
  let answers: Answers;
  try {
    // An answer that came with a newer generator is missing: its default is taken.
    answers = resolve(given as Given).answers;
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    throw broken(`${where}: ${error.message}`);
  }
  for (const [key, text] of Object.entries(given)) {
    if (
      JSON.stringify(answers[key as keyof Answers]) !== JSON.stringify(text)
    ) {
      throw broken(`${where}: ${key} is not in its normal form`);
    }
  }
  return answers;
}

function isPrefix(value: unknown): boolean {
  try {
    return typeof value === "string" && parseSubnet(6, value).length <= 64;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
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

function object(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Fields;
  throw broken(`${where} is no object`);
}

function broken(reason: string): UnusableError {
  return unusable(
    STATE_FILE,
    reason,
    "Take it from git again, or from a backup",
  );
}

function unusable(
  value: string,
  reason: string,
  remedy: string,
): UnusableError {
  return new UnusableError([{ flag: "directory", value, reason, remedy }]);
}
