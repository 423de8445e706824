import { join } from "node:path";
import { readState } from "../repository/state-reader.ts";
import {
  stepsOf,
  undoLast,
  type Step,
  type Undone,
} from "../repository/undo.ts";
import { hostPath, readFleetState } from "./state.ts";

/** Undoes the last write of a fleet, in all hosts. */
export async function undoFleet(
  directory: string,
  options: { dryRun: boolean; force: boolean },
): Promise<Undone> {
  return undoLast(directory, options, ofCreate);
}

/** A fleet that appeared by one rename has no journal: its states list all files. */
function ofCreate(directory: string): Step[] {
  const { state } = readFleetState(directory);
  const own = stepsOf(directory, state);
  const ofHosts = state.hosts.flatMap((name) => {
    const at = hostPath(name);
    const host = join(directory, at);
    return stepsOf(host, readState(host).state).map((step) => inside(at, step));
  });
  // The fleet's own state goes last.
  return [...ofHosts, ...own];
}

function inside(at: string, { path, operation, touched }: Step): Step {
  const moved = `${at}/${path}`;
  return {
    path: moved,
    operation: operation && { ...operation, path: moved },
    touched,
  };
}
