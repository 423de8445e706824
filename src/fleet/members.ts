import { existsSync } from "node:fs";
import { join } from "node:path";
import { survey } from "../answers/resolve.ts";
import { compare } from "../reconcile/compare.ts";
import type { Base, Change } from "../reconcile/change.ts";
import { operationsOf } from "../reconcile/operations.ts";
import { readDisk } from "../repository/disk.ts";
import { hashOf } from "../repository/journal.ts";
import type { Operation } from "../repository/operation.ts";
import { readState } from "../repository/state-reader.ts";
import {
  STATE_FILE,
  type FileRecord,
  type State,
} from "../repository/state.ts";
import { contentsBelow } from "../repository/walk.ts";
import type { Fleet } from "./read-fleet.ts";
import { hostPath, type FleetState } from "./state.ts";

/** A host's repository before this run. */
export interface Earlier {
  /** Its name then. */
  readonly name: string;
  readonly state: State;
  /** The text of its state file. */
  readonly text: string;
}

interface Membership {
  /** By the names of now. */
  readonly earlier: ReadonlyMap<string, Earlier>;
  readonly removed: readonly Earlier[];
}

/**
 * Which repositories the hosts had before. A new host whose Kong has the address of a removed one's is
 * that host with another name.
 */
export function membership(
  directory: string,
  fleet: Fleet,
  previous: FleetState | undefined,
): Membership {
  const earlier = new Map<string, Earlier>();
  const removed = new Map<string, Earlier>();
  for (const name of previous?.hosts ?? []) {
    const at = join(directory, hostPath(name));
    const stays = fleet.hosts.has(name);
    // The owner may have removed its directory before.
    if (!stays && !existsSync(join(at, STATE_FILE))) continue;
    const found = { name, ...readState(at) };
    if (stays) earlier.set(name, found);
    else removed.set(found.state.answers.kong, found);
  }
  for (const [name, given] of fleet.hosts) {
    if (earlier.has(name) || removed.size === 0) continue;
    const { kong = "" } = survey(given).answers;
    const renamed = removed.get(kong);
    if (renamed) earlier.set(name, renamed);
    removed.delete(kong);
  }
  return { earlier, removed: [...removed.values()] };
}

/** The bases of files without marks of the owner's own addresses. */
export const plainBases = (
  files: Readonly<Record<string, FileRecord>>,
  rewrite: (text: string) => string = (text) => text,
): Map<string, Base> =>
  new Map(
    Object.entries(files).map(([path, { sha256, mode, text }]) => [
      path,
      {
        sha256,
        text,
        mode: Number.parseInt(mode, 8),
        rewrite: (text) => rewrite(text),
      },
    ]),
  );

/** Deletes what was generated and not edited since; what the owner edited or added stays. */
export async function removal(
  directory: string,
  { name, state }: Earlier,
): Promise<{ changes: Change[]; operations: Operation[] }> {
  const paths = Object.keys(state.files);
  const disk = readDisk(join(directory, hostPath(name)), [
    ...paths,
    STATE_FILE,
  ]);
  const changes = await compare(new Map(), disk, plainBases(state.files));
  const operations = operationsOf(changes, disk);
  return {
    changes,
    operations: [
      ...operations,
      deletion(join(directory, hostPath(name)), STATE_FILE),
    ],
  };
}

/**
 * The operations that move a host's whole directory, the owner's own files included, and write what this
 * run changes.
 * @param operations those of the host, in the directory where it was
 */
export function moving(
  from: string,
  operations: readonly Operation[],
): { gone: Operation[]; made: Operation[] } {
  const changed = new Set(operations.map(({ path }) => path));
  const rest = contentsBelow(from).filter(({ path }) => !changed.has(path));
  const gone = [
    ...rest.map(({ path }) => path),
    ...operations.flatMap(({ path, expected }) =>
      expected === null ? [] : [path],
    ),
  ];
  return {
    gone: gone.map((path) => deletion(from, path)),
    made: [
      ...rest.map((file) => ({ ...file, expected: null })),
      ...operations
        .filter(({ content }) => content !== null)
        .map((one) => ({ ...one, expected: null })),
    ],
  };
}

const deletion = (directory: string, path: string): Operation => ({
  path,
  content: null,
  mode: 0o600,
  expected: hashOf(join(directory, path)),
});

/** The same, seen from the fleet's directory. */
export const inHost = (
  name: string,
  operations: readonly Operation[],
): Operation[] =>
  operations.map((one) => ({ ...one, path: `${hostPath(name)}/${one.path}` }));
