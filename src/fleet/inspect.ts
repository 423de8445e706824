import { join } from "node:path";
import { printableText } from "../base/escape.ts";
import { EXIT, type ExitCode } from "../base/errors.ts";
import { commandLine } from "../base/program.ts";
import type { Style } from "../base/colors.ts";
import {
  inspectRepository,
  isOpen,
  type Inspection,
} from "../reconcile/check.ts";
import type { Change } from "../reconcile/change.ts";
import { recovery } from "../repository/recover.ts";
import { checkText } from "../report/check-text.ts";
import { changesText } from "../report/changes-text.ts";
import { joined } from "../report/outcome-text.ts";
import { prepareFleet, type FleetRequest } from "./prepare.ts";
import type { Fleet } from "./read-fleet.ts";
import { hostPath } from "./state.ts";

export interface FleetInspection {
  readonly exitCode: ExitCode;
  /** Whether an earlier run was interrupted while it wrote. */
  readonly interrupted: boolean;
  readonly hosts: ReadonlyMap<string, Inspection>;
  /** The hosts that fleet.yml adds, removes, renames or changes. */
  readonly pending: readonly string[];
  /** Of the fleet's own files. */
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** Compares a fleet with fleet.yml, and validates the repository of each host. Writes nothing. */
export async function inspectFleet(
  directory: string,
  fleet: Fleet,
  previous: NonNullable<FleetRequest["previous"]>,
): Promise<FleetInspection> {
  const { outcome } = await prepareFleet(fleet, {
    directory,
    dryRun: true,
    conflict: "ask",
    previous,
  });
  const pending = outcome.hosts
    .filter(
      ({ from, outcome: own }) =>
        from !== undefined || own === undefined || !isSame(own),
    )
    .map(({ name }) => name);
  const hosts = new Map(
    previous.state.hosts.map((name) => [
      name,
      inspectRepository(join(directory, hostPath(name))),
    ]),
  );
  const { changes, notes } = outcome;
  const interrupted = recovery(directory) !== undefined;
  const isDone =
    pending.length === 0 &&
    !interrupted &&
    changes.every(({ action }) => ["same", "keep", "gone"].includes(action)) &&
    [...hosts.values()].every(isClean);
  const exitCode = isDone ? EXIT.done : EXIT.changes;
  return { exitCode, interrupted, hosts, pending, changes, notes };
}

/** Whether the answers of fleet.yml are those of the repository. */
const isSame = ({
  answers,
  previousAnswers,
}: {
  answers: object;
  previousAnswers?: object;
}): boolean => JSON.stringify(answers) === JSON.stringify(previousAnswers);

const isClean = ({ files, stale }: Inspection): boolean =>
  !files.some(isOpen) && stale.length === 0;

/** One line for each host that is as it should be, and what is open in the others. */
export function inspectionText(
  { interrupted, hosts, pending, changes, notes }: FleetInspection,
  shown: string,
  style: Style,
): string {
  const options = { recovered: undefined };
  return joined([
    interrupted
      ? `An earlier run was interrupted while writing here: ${commandLine("regenerate", shown)} cleans up.`
      : "",
    ...[...hosts].map(([name, one]) =>
      checkText(one, { shown: join(shown, hostPath(name)), ...options }, style),
    ),
    changes.every(({ action }) => action === "same")
      ? ""
      : `The fleet's own files:\n${changesText(changes, style)}`,
    printableText(notes.join("\n")),
    pending.length === 0
      ? ""
      : `fleet.yml has other answers than hosts/ for ${pending.join(", ")}:\n  ${commandLine("regenerate", shown)}`,
  ]);
}
