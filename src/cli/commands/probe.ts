import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { styleFor } from "../../base/colors.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { isTerminal, write } from "../../base/stdio.ts";
import { plan, planOf } from "../../plan/plan.ts";
import { probe as run, type Probe } from "../../probe/probe.ts";
import { serverAddresses } from "../../probe/server-address.ts";
import { probeJson, probeText } from "../../report/probe-text.ts";
import type { State } from "../../repository/state.ts";
import { holdsFleet } from "../../repository/fleet-directory.ts";
import { readState } from "../../repository/state-reader.ts";

/** `create-kong-ipv6 probe [directory]`: tests from this machine what the answers promise. */
export async function probe(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const directory = args.directory ?? ".";
  if (holdsFleet(absolute(directory)))
    return await (await import("./fleet.ts")).probeFleet(args, probeState);
  const { state } = readState(absolute(directory));
  const found = await probeState(state, args.timeout);
  const text = args.json
    ? probeJson(found)
    : probeText(found, directory, styleFor(isTerminal(1), args.color));
  write(1, `${text}\n`);
  if (found.ok === null) return EXIT.failed;
  return found.ok ? EXIT.done : EXIT.changes;
}

/** Probes what a repository's answers promise. @param timeout in seconds */
export async function probeState(
  state: State,
  timeout: number,
): Promise<Probe> {
  const domain = given(state.answers.domain);
  const present = planOf(state);
  return await run({
    plan: present,
    previous: state.previousAnswers.map(plan),
    domain,
    server: await serverAddresses(present, given(state.answers.ssh), domain),
    timeout: timeout * 1000,
  });
}

const given = (answer: string): string | undefined =>
  answer === "none" ? undefined : answer;
