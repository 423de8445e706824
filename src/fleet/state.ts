import { join } from "node:path";
import { Refusal, UnusableError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { readDisk } from "../repository/disk.ts";
import { sources } from "../repository/state-errors.ts";
import { readRecord, refuseNewer } from "../repository/state-reader.ts";
import {
  SCHEMA_VERSION,
  STATE_FILE,
  type FileRecord,
} from "../repository/state.ts";
import { broken, object } from "../repository/stored-answers.ts";

/** What the fleet's own state holds; each host has a state of its own beside. */
export interface FleetState {
  readonly hosts: readonly string[];
  /** Whether regenerate has written it since create. */
  readonly regenerated?: true;
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** Where a host's repository is. */
export const hostPath = (name: string): string => `hosts/${name}`;

export const fleetStateText = (state: FleetState): string =>
  `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, generator: VERSION, ...state }, null, 2)}\n`;

/** @throws UnusableError with the reason; nothing is guessed */
export function readFleetState(directory: string): {
  state: FleetState;
  text: string;
} {
  const unusable = (reason: string, remedy: string): UnusableError =>
    new UnusableError([
      {
        flag: "directory",
        value: join(directory, STATE_FILE),
        reason,
        remedy:
          remedy || `Take the file from ${sources(directory, STATE_FILE)}`,
      },
    ]);
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry?.kind !== "file") throw unusable("it is missing", "");
  try {
    return { state: parsed(entry.text), text: entry.text };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw unusable(error.message, error.remedy);
  }
}

function parsed(text: string): FleetState {
  let fields: Record<string, unknown>;
  try {
    fields = object(JSON.parse(text), "it");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw broken(`it is not valid JSON (${(error as Error).message})`);
  }
  refuseNewer(fields);
  const { hosts, regenerated, files } = fields;
  if (!Array.isArray(hosts) || !hosts.every(isName))
    throw broken("hosts is not a list of names");
  const records = Object.entries(object(files, "files")).map(
    ([path, value]): [string, FileRecord] => [
      path,
      readRecord(path, object(value, `files: ${path}`)),
    ],
  );
  return {
    hosts,
    ...(regenerated === true && { regenerated }),
    files: Object.fromEntries(records),
  };
}

const isName = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z][a-z0-9-]*$/.test(value);
