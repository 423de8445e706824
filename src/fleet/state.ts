import { UnusableError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { readDisk } from "../repository/disk.ts";
import { readRecord, refuseNewer } from "../repository/state-reader.ts";
import {
  SCHEMA_VERSION,
  STATE_FILE,
  type FileRecord,
} from "../repository/state.ts";
import { object, unusable } from "../repository/stored-answers.ts";

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
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry?.kind !== "file")
    throw unusable(
      directory,
      `its ${STATE_FILE} is missing`,
      `Take it from git: git checkout HEAD ${STATE_FILE}`,
    );
  return { state: parsed(entry.text), text: entry.text };
}

function parsed(text: string): FleetState {
  let fields: Record<string, unknown>;
  try {
    fields = object(JSON.parse(text), "it");
  } catch (error) {
    if (error instanceof UnusableError) throw error;
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

const broken = (reason: string): UnusableError =>
  unusable(
    STATE_FILE,
    reason,
    `Take it from git (git checkout HEAD ${STATE_FILE}) or from a backup`,
  );
