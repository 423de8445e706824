import { join } from "node:path";
import type { Change } from "../reconcile/change.ts";
import { compare } from "../reconcile/compare.ts";
import { offered } from "../reconcile/faults.ts";
import { operationsOf, stateOperation } from "../reconcile/operations.ts";
import type { Resolution } from "../reconcile/request.ts";
import { resolveConflicts } from "../reconcile/resolve-conflict.ts";
import {
  SIDECAR,
  sidecarPath,
  sidecarSum,
  withSidecars,
} from "../reconcile/sidecar.ts";
import type { File, Tree } from "../render/render.ts";
import { readDisk, textAt } from "../repository/disk.ts";
import { byGit } from "../repository/ignored.ts";
import { hashOf } from "../repository/journal.ts";
import type { Operation } from "../repository/operation.ts";
import {
  record,
  sha256,
  STATE_FILE,
  sumOf,
  type FileRecord,
} from "../repository/state.ts";
import { newPair } from "./certificate.ts";
import { plainBases } from "./members.ts";
import { CERTIFICATE, KEY } from "./root-files.ts";
import { fleetStateText, type FleetState } from "./state.ts";

interface RootRequest {
  readonly directory: string;
  readonly dryRun: boolean;
  readonly conflict: "ask" | Resolution;
  readonly previous?: { readonly state: FleetState } | undefined;
  /** Rewrites the addresses that this run changes, in the owner's lines. */
  readonly rewrite: (text: string) => string;
}

export interface Root {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  /** All but the state's. */
  readonly operations: readonly Operation[];
  /** The state after this run. @param writes whether anything else is written */
  readonly stateOperations: (writes: boolean) => Operation[];
}

/** Decides about the fleet's own files: the same three-way update as in a repository. */
export async function prepareRoot(
  rendered: Tree,
  hosts: readonly string[],
  { directory, dryRun, conflict, previous, rewrite }: RootRequest,
): Promise<Root> {
  const held = previous?.state.files ?? {};
  const pair = pairOf(directory);
  const tree: Tree = new Map([...rendered, ...pair.made]);
  const paths = [...tree.keys()];
  const disk = readDisk(directory, [
    ...paths,
    ...paths.map((path) => path + SIDECAR),
    STATE_FILE,
  ]);
  const compared = await compare(tree, disk, basesIn(tree, held, rewrite));
  const known =
    conflict === "theirs"
      ? await Promise.all(compared.map((change) => offered(change, tree)))
      : compared;
  const { decided } = await resolveConflicts(
    known,
    { conflict, dryRun },
    undefined,
  );
  const changes = withSidecars(decided, disk, { files: held });
  const operations = operationsOf(changes, disk);
  const written = new Map(
    operations.map(({ path, content }) => [
      path,
      content ? sidecarSum(path, content) : undefined,
    ]),
  );
  const files = Object.fromEntries(
    [
      ...pair.kept.flatMap((path) => recorded(path, held)),
      ...changes.flatMap((change) => recordOf(change, tree, held, written)),
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const there = textAt(disk, STATE_FILE);
  return {
    changes,
    notes: [
      ...pair.notes,
      ...(previous && isCommitted(directory) ? [COMMITTED] : []),
    ],
    operations,
    stateOperations: (writes) => {
      const regenerated = previous?.state.regenerated;
      const state = { hosts, ...(regenerated && { regenerated }), files };
      if (!writes && there === fleetStateText(state)) return [];
      const text = fleetStateText(
        previous ? { hosts, regenerated: true, files } : state,
      );
      return there === text ? [] : [stateOperation(text, disk)];
    },
  };
}

const isCommitted = (directory: string): boolean =>
  ["unprotected", "tracked"].includes(byGit(directory, KEY) ?? "");

const COMMITTED = `git would commit ${KEY}: add a line /${KEY} to .gitignore. If it was ever committed, make a new pair: README.md, "Rotate the certificate".`;

/** Only those that are generated: the certificate and its key, once made, are the owner's. */
const basesIn = (
  tree: Tree,
  held: Readonly<Record<string, FileRecord>>,
  rewrite: (text: string) => string,
): ReturnType<typeof plainBases> =>
  plainBases(
    Object.fromEntries(
      Object.entries(held).filter(
        ([path]) => tree.has(path) && ![CERTIFICATE, KEY].includes(path),
      ),
    ),
    rewrite,
  );

/** A new certificate if there is neither it nor its key. Half of a pair is never replaced. */
function pairOf(directory: string): {
  made: [string, File][];
  kept: string[];
  notes: string[];
} {
  const missing = [CERTIFICATE, KEY].filter(
    (path) => hashOf(join(directory, path)) === null,
  );
  if (missing.length === 2) {
    const { certificate, key } = newPair();
    const made: [string, File][] = [
      [CERTIFICATE, { text: certificate, mode: 0o644 }],
      [KEY, { text: key, mode: 0o600 }],
    ];
    return { made, kept: [], notes: [] };
  }
  return {
    made: [],
    kept: [CERTIFICATE, KEY],
    notes: missing.map(
      (path) =>
        `${path} is not in this copy. Copy it from where the fleet was made; or delete ${path === KEY ? CERTIFICATE : KEY} too, for a new pair.`,
    ),
  };
}

const recorded = (
  path: string,
  held: Readonly<Record<string, FileRecord>>,
): [string, FileRecord][] => {
  const one = held[path];
  return one ? [[path, one]] : [];
};

function recordOf(
  change: Change,
  tree: Tree,
  held: Readonly<Record<string, FileRecord>>,
  written: ReadonlyMap<string, string | undefined>,
): [string, FileRecord][] {
  const { path, action, before, after } = change;
  const old = held[path];
  if (action === "conflict") {
    const at = sidecarPath(change);
    const sidecar = written.has(at) ? written.get(at) : old?.sidecar;
    return old ? [[path, { ...old, ...(sidecar && { sidecar }) }]] : [];
  }
  const next = tree.get(path);
  if (next === undefined) return [];
  const { text: _, ...pair } = record(next);
  if (path === CERTIFICATE || path === KEY) return [[path, pair]];
  if (action === "gone") return [[path, record(next, "absent")]];
  const now = (action === "keep" ? before : after)?.text ?? "";
  const owner = sha256(now) === sumOf(next) ? undefined : sha256(now);
  return [[path, record(next, owner)]];
}
