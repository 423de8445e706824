import { Refusal } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { generatedFile } from "../render/generated-files.ts";
import { readDisk } from "./disk.ts";
import { isInside } from "./inside.ts";
import {
  broken,
  object,
  readAnswers,
  readDeployed,
  readOverlap,
  readPreviousAnswers,
  readRole,
  type Fields,
} from "./stored-answers.ts";
import {
  SCHEMA_VERSION,
  STATE_FILE,
  sumOfText,
  type FileRecord,
  type Marks,
  type State,
} from "./state.ts";
import {
  missing,
  oneSide,
  restore,
  unreadable,
  unusable,
} from "./state-errors.ts";
import { update } from "../base/program.ts";

/**
 * Reads and checks the state of a repository.
 * @returns the state, and the text of its file: if it differs later, another run wrote
 * @throws UnusableError with the reason; nothing is guessed
 * @throws FailedError if it can't be read
 */
export function readState(directory: string): { state: State; text: string } {
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry === undefined || entry.kind === "absent") throw missing(directory);
  if (entry.kind === "other") {
    if (entry.code !== undefined) throw unreadable(directory, entry.code);
    throw unusable(
      directory,
      `it is ${entry.what}`,
      `Move it away. ${restore(directory)}`,
    );
  }
  const { text } = entry;
  if (hasGitMarkers(text))
    throw unusable(
      directory,
      "it has git's conflict markers",
      oneSide(directory),
    );
  try {
    return { state: parseState(text), text };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, remedy } = error;
    throw unusable(directory, message, remedy || restore(directory));
  }
}

/**
 * Parses a state, which anyone may have written: every path is relative and inside, every text matches
 * its sha256, the answers are usable.
 * @throws Refusal with the reason; nothing is guessed
 */
export function parseState(text: string): State {
  const state = object(parsed(text), "it");
  const generator = refuseNewer(state);
  refuseUnknown(state, KEYS, "it");
  const answers = readAnswers(state["answers"], "answers");
  const previousAnswers = readPreviousAnswers(
    state["previousAnswers"],
    answers,
  );
  const overlap = readOverlap(state["overlap"], answers);
  const fleet = readRole(state["fleet"]);
  const deployed = readDeployed(state["deployed"], answers);
  const { regenerated } = state;
  if (regenerated !== undefined && regenerated !== true)
    throw broken("regenerated is not true");
  const files: Record<string, FileRecord> = {};
  for (const [path, value] of Object.entries(object(state["files"], "files"))) {
    files[path] = readRecord(path, object(value, `files: ${path}`));
  }
  return {
    schemaVersion: SCHEMA_VERSION,
    generator,
    answers,
    previousAnswers,
    ...(overlap && { overlap }),
    ...(fleet && { fleet }),
    ...(deployed && { deployed }),
    ...(regenerated && { regenerated }),
    files,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(`it is not valid JSON (${error.message})`);
  }
}

/** What git merge leaves in a file that both sides changed. */
const hasGitMarkers = (text: string): boolean =>
  /^<{7}( |$)/m.test(text) && /^>{7}( |$)/m.test(text);

const KEYS = [
  "schemaVersion",
  "generator",
  "answers",
  "previousAnswers",
  "overlap",
  "fleet",
  "deployed",
  "regenerated",
  "files",
];
const RECORD_KEYS = [
  "sha256",
  "mode",
  "text",
  "owner",
  "merged",
  "kept",
  "answers",
  "owned",
  "sidecar",
];

/** @throws UnusableError for a record that is not one */
export function readRecord(path: string, fields: Fields): FileRecord {
  if (!isInside(path)) {
    throw broken(`${JSON.stringify(path)} is not a path inside the repository`);
  }
  refuseUnknown(fields, RECORD_KEYS, path);
  const { sha256: sum, mode, text, owner } = fields;
  if (typeof sum !== "string" || !/^[0-9a-f]{64}$/.test(sum))
    throw broken(`sha256 of ${path} is not a sha256`);
  if (text === undefined && generatedFile(path)?.secret)
    throw broken(`the text of ${path} is missing`);
  if (
    text !== undefined &&
    (typeof text !== "string" || sum !== sumOfText(text))
  )
    throw broken(`the text of ${path} does not match its sha256`);
  if (typeof mode !== "string" || !/^0[0-7]{3}$/.test(mode))
    throw broken(`mode of ${path} is not a file mode`);
  if (
    owner !== undefined &&
    (typeof owner !== "string" ||
      !/^([0-9a-f]{64}|absent|edited|kept)$/.test(owner))
  ) {
    throw broken(`owner of ${path} is not a sha256`);
  }
  const held = fields["answers"];
  const { owned, sidecar, merged, kept } = fields;
  if (kept !== undefined && kept !== true)
    throw broken(`kept of ${path} is not true`);
  if (merged !== undefined && merged !== true)
    throw broken(`merged of ${path} is not true`);
  if (
    sidecar !== undefined &&
    (typeof sidecar !== "string" || !/^[0-9a-f]{64}$/.test(sidecar))
  )
    throw broken(`sidecar of ${path} is not a sha256`);
  return {
    sha256: sum,
    mode,
    ...(text === undefined ? {} : { text }),
    ...(owner === undefined ? {} : { owner }),
    ...(merged && { merged }),
    ...(kept && { kept }),
    ...(held === undefined
      ? {}
      : { answers: readAnswers(held, `answers of ${path}`) }),
    ...(owned === undefined ? {} : { owned: readMarks(owned, path) }),
    ...(sidecar === undefined ? {} : { sidecar }),
  };
}

/** @returns the version that wrote the state @throws UnusableError if that is a newer one */
export function refuseNewer(state: Fields): string {
  refuseOtherSchema(state["schemaVersion"]);
  return generatorOf(state);
}

function refuseOtherSchema(version: unknown): void {
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw broken("schemaVersion is not a version");
  if (version > SCHEMA_VERSION)
    throw new Refusal(
      `it was written by a newer generator (schema ${version}; this one knows ${SCHEMA_VERSION})`,
      update(),
    );
}

/**
 * The version that wrote the state. A newer one is refused: it may have more answers, and the templates
 * of this one would remove its fixes.
 */
function generatorOf({ generator }: Fields): string {
  if (typeof generator !== "string") throw broken("generator is not a version");
  if (isNewer(generator))
    throw new Refusal(
      `it was written by create-kong-ipv6 ${generator}, which is newer than this version, ${VERSION}`,
      update(),
    );
  return generator;
}

/** Whether a version is newer than this one. Anything that is not a version is not newer. */
function isNewer(version: string): boolean {
  const [other, own] = [version, VERSION].map(numbers);
  const at = other?.findIndex((part, index) => part !== own?.[index]) ?? -1;
  return at >= 0 && Number(other?.[at]) > Number(own?.[at]);
}

const numbers = (version: string): string[] =>
  /^\d+\.\d+\.\d+/.exec(version)?.[0].split(".") ?? [];

function readMarks(value: unknown, path: string): Marks {
  const marks = object(value, `owned of ${path}`);
  if (
    !Object.values(marks).every(
      (digits) => typeof digits === "string" && /^[01]+$/.test(digits),
    )
  )
    throw broken(`owned of ${path} has a mark that is not made of 0 and 1`);
  return marks as Marks;
}

/** Writing the state would drop an unknown key. */
function refuseUnknown(
  fields: Fields,
  known: readonly string[],
  where: string,
): void {
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw broken(`${where} has ${JSON.stringify(unknown)}, which is unknown`);
}
