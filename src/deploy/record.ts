import { FailedError } from "../base/errors.ts";
import { plan } from "../plan/plan.ts";
import { stateOperation } from "../reconcile/operations.ts";
import { generatedFile } from "../render/generated-files.ts";
import { apply } from "../repository/apply.ts";
import { readDisk } from "../repository/disk.ts";
import { parseState, readState } from "../repository/state-reader.ts";
import {
  STATE_FILE,
  stateText,
  withDeployed,
  type State,
} from "../repository/state.ts";
import { row, type Row } from "./row.ts";
import type { Entry } from "./tar.ts";

/**
 * Records that the server has the answers of a confirmed deploy. If the state was changed meanwhile, its
 * own answers are not deployed yet.
 * @param deployed the state that was deployed
 */
export function recordDeployed(
  directory: string,
  deployed: State,
  say: (row: Row) => void,
): void {
  // The server has only a part of the change.
  if (hasConflicts(deployed)) return;
  try {
    // Before the state is read: a change in between is then noticed.
    const disk = readDisk(directory, [STATE_FILE]);
    const { state } = readState(directory);
    const next = withDeployed(state, deployed.answers);
    if (JSON.stringify(next.deployed) === JSON.stringify(state.deployed))
      return;
    apply(directory, [stateOperation(stateText(next), disk)]);
    const text = "it records what the server has now; commit it";
    say(row(STATE_FILE, "note", text));
  } catch (error) {
    if (!(error instanceof FailedError)) throw error;
    say(row(STATE_FILE, "warn", error.message, error.remedy));
  }
}

/** The state as recordDeployed() leaves it. Otherwise the next deploy would copy it again. */
export function asDeployed(entry: Entry): Entry {
  if (entry.path !== STATE_FILE || !("data" in entry)) return entry;
  const state = parseState(entry.data.toString());
  if (state.deployed === undefined) return entry;
  const text = stateText(withDeployed(state, state.answers));
  return { ...entry, data: Buffer.from(text) };
}

const hasConflicts = ({ files, answers }: State): boolean =>
  Object.entries(files).some(
    ([path, record]) =>
      record.answers && generatedFile(path)?.when(plan(answers)),
  );
