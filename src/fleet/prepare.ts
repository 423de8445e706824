import { join } from "node:path";
import { EXIT, type ExitCode } from "../base/errors.ts";
import { planOf } from "../plan/plan.ts";
import type { FleetRole } from "../plan/types.ts";
import type { Change } from "../reconcile/change.ts";
import { WRITING } from "../reconcile/change.ts";
import { prepare } from "../reconcile/prepare.ts";
import type { Outcome, Phase, Resolution } from "../reconcile/request.ts";
import { rewriter } from "../renumber/rewrite.ts";
import type { State } from "../repository/state.ts";
import type { Operation } from "../repository/operation.ts";
import { rolesOf, type Host } from "./host.ts";
import { checkedHosts } from "./hosts.ts";
import {
  inHost,
  membership,
  moving,
  removal,
  type Earlier,
} from "./members.ts";
import type { Fleet } from "./read-fleet.ts";
import type { Member } from "./readme.ts";
import { prepareRoot, type Root } from "./root.ts";
import { rootFiles } from "./root-files.ts";
import { hostPath, type FleetState } from "./state.ts";

/** What a run of a fleet is asked to do. */
export interface FleetRequest {
  /** Absolute. */
  readonly directory: string;
  readonly dryRun: boolean;
  readonly conflict: "ask" | Resolution;
  readonly phase?: Phase | undefined;
  /** The fleet's state before this run; undefined to create it. */
  readonly previous?: { readonly state: FleetState } | undefined;
}

/** What becomes of one host's repository. */
export interface HostOutcome {
  readonly name: string;
  /** undefined if the host is removed. */
  readonly outcome?: Outcome;
  readonly changes: readonly Change[];
  /** Its earlier name, if it is renamed. */
  readonly from?: string;
}

export interface FleetOutcome {
  readonly exitCode: ExitCode;
  readonly directory: string;
  readonly hosts: readonly HostOutcome[];
  /** Of the fleet's own files. */
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  readonly written: boolean;
}

export interface PreparedFleet {
  readonly outcome: FleetOutcome;
  /** Those of all hosts and of the fleet's own files: one transaction. */
  readonly operations: readonly Operation[];
}

type PreparedHost = HostOutcome & { readonly operations: readonly Operation[] };

/**
 * Everything up to the operations on the disk.
 * @throws UnusableError with the issues of all hosts; FailedError
 */
export async function prepareFleet(
  fleet: Fleet,
  request: FleetRequest,
): Promise<PreparedFleet> {
  const { directory, previous, phase } = request;
  const { earlier, removed } = membership(directory, fleet, previous?.state);
  const states = new Map(
    [...earlier].map(([name, { state }]) => [name, state]),
  );
  const hosts = checkedHosts(fleet, states, phase, directory);
  const roles = rolesOf(hosts);
  const prepared: PreparedHost[] = [];
  for (const host of hosts)
    prepared.push(
      await prepareHost(host, earlier.get(host.name), {
        ...request,
        fleet: roles.get(host.name) as FleetRole,
      }),
    );
  for (const one of removed)
    prepared.push(await prepareRemoval(directory, one));
  const members = hosts.map(({ name, answers, overlap }) => ({
    name,
    plan: planOf({
      answers,
      ...(overlap && { overlap }),
      fleet: roles.get(name) as FleetRole,
    }),
  }));
  const names = members.map(({ name }) => name);
  const tree = rootFiles(members, fleet.text);
  const root = await prepareRoot(tree, names, {
    ...request,
    rewrite: rewriting(members, states),
  });
  return together(prepared, root, request);
}

/** Rewrites addresses of all hosts that changed; in each host's own files, its preparation does so. */
function rewriting(
  members: readonly Member[],
  states: ReadonlyMap<string, State>,
): (text: string) => string {
  const steps = members.flatMap(({ name, plan }) => {
    const state = states.get(name);
    const before = state && planOf(state);
    return before &&
      before.containers.some(
        (one, index) => one.address !== plan.containers[index]?.address,
      )
      ? [rewriter(before, plan)]
      : [];
  });
  return (text) => steps.reduce((now, step) => step(now), text);
}

/** By the code of a single repository. A host that is renamed is prepared where it was, then moved. */
async function prepareHost(
  { name, answers, warnings, phase }: Host,
  earlier: Earlier | undefined,
  { directory, dryRun, conflict, fleet }: FleetRequest & { fleet: FleetRole },
): Promise<PreparedHost> {
  const at = join(directory, hostPath(earlier?.name ?? name));
  const { outcome, operations } = await prepare(
    { answers, issues: [], warnings },
    {
      directory: at,
      dryRun,
      conflict,
      git: false,
      fleet,
      ...(phase && { phase }),
      ...(earlier && { previous: earlier.state, previousText: earlier.text }),
    },
  );
  const made = { name, outcome, changes: outcome.changes };
  if (earlier === undefined || earlier.name === name)
    return { ...made, operations: inHost(name, operations) };
  const { gone, made: there } = moving(at, operations);
  return {
    ...made,
    from: earlier.name,
    operations: [...inHost(earlier.name, gone), ...inHost(name, there)],
  };
}

async function prepareRemoval(
  directory: string,
  earlier: Earlier,
): Promise<PreparedHost> {
  const { changes, operations } = await removal(directory, earlier);
  const { name } = earlier;
  return { name, changes, operations: inHost(name, operations) };
}

/** All hosts or none: where one can't be created, nothing is written. */
function together(
  prepared: readonly PreparedHost[],
  root: Root,
  { directory, dryRun, previous }: FleetRequest,
): PreparedFleet {
  const hosts: readonly HostOutcome[] = prepared;
  const isRefused = [
    ...(previous ? [] : [root.changes]),
    ...hosts
      .filter(({ outcome }) => outcome && !outcome.previousAnswers)
      .map(({ changes }) => changes),
  ].some((changes) => changes.some(({ action }) => action === "conflict"));
  const before = [
    ...prepared.flatMap(({ operations }) => operations),
    ...root.operations,
  ];
  const all = [...before, ...root.stateOperations(before.length > 0)];
  const operations = dryRun || isRefused ? [] : all;
  const changes = [...hosts.flatMap((one) => one.changes), ...root.changes];
  const isMoved = hosts.some(({ from }) => from !== undefined);
  const outcome: FleetOutcome = {
    exitCode: exitCodeOf(hosts, changes, dryRun, isMoved),
    directory,
    hosts,
    changes: root.changes,
    notes: root.notes,
    written: operations.length > 0,
  };
  return { outcome, operations };
}

function exitCodeOf(
  hosts: readonly HostOutcome[],
  changes: readonly Change[],
  dryRun: boolean,
  isMoved: boolean,
): ExitCode {
  const isLeft =
    changes.some(
      ({ action }) => action === "conflict" || action === "markers",
    ) || hosts.some(({ outcome }) => outcome?.exitCode === EXIT.conflicts);
  if (!dryRun) return isLeft ? EXIT.conflicts : EXIT.done;
  const isChanging =
    isMoved ||
    isLeft ||
    changes.some(({ action }) => WRITING.has(action)) ||
    hosts.some(({ outcome }) => outcome?.exitCode === EXIT.changes);
  return isChanging ? EXIT.changes : EXIT.done;
}
