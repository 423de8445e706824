import { parsedOf } from "../answers/normal-form.ts";
import { oldAddresses } from "../answers/overlap.ts";
import type { Answers } from "../answers/types.ts";
import type { Issue } from "../base/errors.ts";
import { formatAddress } from "../ip/address.ts";
import type { FleetRole } from "../plan/types.ts";
import type { Phase } from "../reconcile/request.ts";
import type { State } from "../repository/state.ts";
import { CONTROL_PLANE } from "../plan/containers.ts";

/** One host, its answers complete and checked. */
export interface Host {
  readonly name: string;
  readonly answers: Answers;
  readonly warnings: readonly Issue[];
  /** During an overlap, the answers before it. */
  readonly overlap?: Answers;
  /** What this run does about an overlap of this host. */
  readonly phase?: Phase;
  readonly previous?: State;
}

/** The addresses of a host's data plane: during an overlap the old one too. */
function dataPlaneAddresses({ answers, overlap }: Host): string[] {
  const old = overlap && oldAddresses(overlap, answers);
  const moved = old?.containers.find(({ name }) => name === "kong");
  return [answers.kong, ...(moved ? [formatAddress(6, moved.address)] : [])];
}

/** The address of the control plane. @param host its own */
function controlPlaneAddress({ answers }: Host): string {
  const entry = parsedOf(answers).expose.find(
    ({ name }) => name === CONTROL_PLANE,
  );
  return formatAddress(6, entry?.address as bigint);
}

/** What the fleet adds to each host. @param hosts that of the control plane first */
export function rolesOf(hosts: readonly Host[]): Map<string, FleetRole> {
  const controlPlane = controlPlaneAddress(hosts[0] as Host);
  const all = hosts.flatMap(dataPlaneAddresses);
  return new Map(
    hosts.map(({ name }, index) => [
      name,
      { controlPlane, dataPlanes: index === 0 ? all : [] },
    ]),
  );
}
