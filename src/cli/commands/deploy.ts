import { existsSync } from "node:fs";
import { join, resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { styleFor } from "../../base/colors.ts";
import { printable } from "../../base/escape.ts";
import {
  EXIT,
  FailedError,
  UnusableError,
  type ExitCode,
  type Issue,
} from "../../base/errors.ts";
import { commandLine } from "../../base/program.ts";
import { canAsk, isTerminal, write } from "../../base/stdio.ts";
import { deploy as run } from "../../deploy/deploy.ts";
import type { DeployOutcome } from "../../deploy/deployment.ts";
import { loginsOf } from "../../deploy/logins.ts";
import { recordDeployed } from "../../deploy/record.ts";
import type { Row } from "../../deploy/row.ts";
import { plan, planOf } from "../../plan/plan.ts";
import { hostKeyOf } from "../../probe/server-address.ts";
import {
  outcomeJson,
  OUTCOMES,
  rowJson,
  rowText,
} from "../../report/deploy-text.ts";
import { holdsFleet } from "../../repository/fleet-directory.ts";
import { deployedAnswers } from "../../repository/state.ts";
import { readState } from "../../repository/state-reader.ts";
import { probeState } from "./probe.ts";

/** The exit code of each outcome; docs/deploy.md names them. */
export const EXITS: Readonly<Record<DeployOutcome, ExitCode>> = {
  confirmed: EXIT.done,
  unchanged: EXIT.done,
  planned: EXIT.changes,
  reverted: EXIT.failed,
  refused: EXIT.failed,
  failed: EXIT.failed,
};

/** `create-kong-ipv6 deploy [directory]`: copies the repository to the server, applies and confirms it. */
export async function deploy(args: Arguments): Promise<ExitCode> {
  const issues = [...args.issues, ...consentIssues(args)];
  if (issues.length > 0) throw new UnusableError(issues);
  const directory = absolute(args.directory ?? ".");
  if (holdsFleet(directory)) throw new UnusableError([OF_FLEET]);
  const { state } = readState(directory);
  if (state.fleet) throw new UnusableError([IN_FLEET]);
  refuseOlderScripts(directory);
  const present = planOf(state);
  const previous = [deployedAnswers(state), ...state.previousAnswers].map(plan);
  const style = styleFor(isTerminal(1), args.color);
  const show = (text: string): void => void write(1, `${text}\n`);
  const logins = loginsOf(args.ssh ?? state.answers.ssh, present, previous);
  const say = (row: Row): void =>
    show(args.json ? rowJson(row) : rowText(row, style));
  try {
    const outcome = await run({
      directory,
      plan: present,
      previous,
      logins,
      path: args.path,
      confirmWithin: args.confirmWithin,
      keep: args.keep,
      dryRun: args.dryRun,
      terminal: isTerminal(0),
      say,
      consent: () => consent(args),
      probe: () => probeState(state, args.timeout),
      hostKeyOf,
    });
    const hasAnswers = outcome === "confirmed" || outcome === "unchanged";
    if (hasAnswers && !args.dryRun) recordDeployed(directory, state, say);
    const exitCode = EXITS[outcome];
    show(args.json ? outcomeJson(outcome, exitCode) : OUTCOMES[outcome]);
    return exitCode;
  } catch (error) {
    if (!args.json || !(error instanceof FailedError)) throw error;
    const { message: detail, remedy } = error;
    show(rowJson({ step: "deploy", status: "failed", detail, remedy }));
    show(outcomeJson("failed", error.exitCode));
    return error.exitCode;
  }
}

const OF_FLEET: Issue = {
  flag: "directory",
  reason: "it holds a fleet, which Ansible deploys",
  remedy: "Run there: ansible-playbook playbook.yml --check",
};

/** Ansible copies the certificate too. */
const IN_FLEET: Issue = {
  flag: "directory",
  reason: "it is a host of a fleet, which Ansible deploys",
  remedy:
    "Run in the fleet's directory: ansible-playbook playbook.yml --limit NAME --check",
};

/** An older apply.sh can't plan a change that has to be confirmed. conntrack.py is as new as that. */
function refuseOlderScripts(directory: string): void {
  if (existsSync(join(directory, "scripts/kong_ipv6/conntrack.py"))) return;
  throw new FailedError(
    "the repository's apply.sh is older than deploy",
    `First run:\n  ${commandLine("regenerate", directory)}`,
  );
}

/** Without a terminal nothing can be asked. */
function consentIssues({ yes, json, dryRun }: Arguments): Issue[] {
  return yes || dryRun || (canAsk() && !json)
    ? []
    : [
        {
          flag: "--yes",
          reason: "it is missing, and nothing can be asked here",
          remedy: "Give --yes to apply without a question, or --dry-run",
        },
      ];
}

async function consent({ yes, path }: Arguments): Promise<boolean> {
  if (yes) return true;
  const { loadPrompter } = await import("../../prompts/run-conversation.ts");
  const { confirm } = await import("../../prompts/ask.ts");
  const prompter = await loadPrompter();
  return await confirm(prompter, `Apply this to ${printable(path)}?`, true);
}
