import { oldAddresses } from "../answers/overlap.ts";
import { parsedOf } from "../answers/normal-form.ts";
import { complete, survey, type Given } from "../answers/resolve.ts";
import type { Answers } from "../answers/types.ts";
import { UnusableError, type Issue } from "../base/errors.ts";
import { phaseAfter } from "../reconcile/phase.ts";
import type { Phase } from "../reconcile/request.ts";
import type { State } from "../repository/state.ts";
import { clashes } from "./clashes.ts";
import type { Host } from "./host.ts";
import { CONTROL_PLANE } from "../plan/containers.ts";
import { CLUSTER_PORT, ofHost, type Fleet } from "./read-fleet.ts";

/**
 * Checks the answers of all hosts, each by itself and against the others.
 * @param previous the states before this run, by the names of now
 * @param directory the fleet's
 * @throws UnusableError with the issues of all hosts
 */
export function checkedHosts(
  fleet: Fleet,
  previous: ReadonlyMap<string, State>,
  phase: Phase | undefined,
  directory: string,
): Host[] {
  const issues: Issue[] = [];
  const hosts: Host[] = [];
  for (const [name, given] of fleet.hosts) {
    const state = previous.get(name);
    try {
      hosts.push(hostOf(name, given, state, { phase, directory }));
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      issues.push(...error.issues.map((issue) => ofHost(name, issue)));
    }
  }
  issues.push(...clashes(hosts), ...portIssues(hosts, fleet));
  if (issues.length === 0 && phase !== undefined)
    issues.push(...phaseIssues(hosts, phase));
  if (issues.length > 0) throw new UnusableError(issues);
  return hosts;
}

/** fleet.yml says everything: what it leaves out has its default again, except what is random. */
function hostOf(
  name: string,
  given: Given,
  previous: State | undefined,
  { phase, directory }: { phase: Phase | undefined; directory: string },
): Host {
  const last = previous?.answers;
  const found = survey({
    ...(last && { internalPrefix: last.internalPrefix }),
    ...given,
  });
  const { answers, warnings } = complete(found);
  if (previous === undefined) return { name, answers, warnings };
  const own = ownPhase(previous, answers, phase);
  const { overlap } = phaseAfter(
    { directory, previous, ...(own && { phase: own }) },
    answers,
  );
  return {
    name,
    answers,
    warnings,
    previous,
    ...(overlap && { overlap }),
    ...(own && { phase: own }),
  };
}

/** The flag is for the hosts that it fits: those whose addresses change, or that have old ones. */
function ownPhase(
  previous: State,
  answers: Answers,
  phase: Phase | undefined,
): Phase | undefined {
  if (phase === "finish") return previous.overlap && phase;
  return phase && oldAddresses(previous.answers, answers) && phase;
}

function phaseIssues(hosts: readonly Host[], phase: Phase): Issue[] {
  if (hosts.some((host) => host.phase === phase)) return [];
  return [
    phase === "finish"
      ? {
          flag: "--finish",
          reason: "there is no overlap: no host has old addresses",
          remedy: "Leave it out",
        }
      : {
          flag: "--overlap",
          reason: "no address of any host changes",
          remedy: "Change a host's prefix in fleet.yml first",
        },
  ];
}

/** The entry of the owner's own for the control plane, with another port. */
function portIssues(hosts: readonly Host[], { controlPlane }: Fleet): Issue[] {
  return hosts.flatMap(({ name, answers }) => {
    const entry = parsedOf(answers).expose.find(
      (one) => one.name === CONTROL_PLANE,
    );
    const issue = {
      flag: `${name}: --expose`,
      value: entry?.text ?? "",
    };
    if (entry === undefined) return [];
    if (name !== controlPlane)
      return [
        {
          ...issue,
          reason: `the control plane is on ${controlPlane}`,
          remedy: "Give the container another name",
        },
      ];
    const ports = entry.ports.map(({ port, protocol }) => `${protocol}${port}`);
    return ports.join() === `tcp${CLUSTER_PORT}`
      ? []
      : [
          {
            ...issue,
            reason: "data planes connect to another port",
            remedy: `Try ${CONTROL_PLANE}:${CLUSTER_PORT}`,
          },
        ];
  });
}
