import { labelled, type Style } from "../base/colors.ts";
import { issueText } from "../base/errors.ts";
import { printableJson, printableText } from "../base/escape.ts";
import { commandLine } from "../base/program.ts";
import { shellWord } from "../base/shell.ts";
import { counted, setAt } from "../base/wrap.ts";
import { WRITING, type Change } from "../reconcile/change.ts";
import { changesText, differs } from "../report/changes-text.ts";
import { conflictLines, refusedLines } from "../report/conflicts-text.ts";
import type * as Diff from "../report/diff.ts";
import { openSteps, overlapText, stepText } from "../report/next-steps.ts";
import { changesObject, outcomeObject } from "../report/outcome-json.ts";
import { doneText, joined, staleText } from "../report/outcome-text.ts";
import type { FleetOutcome, HostOutcome } from "./prepare.ts";
import { hostPath } from "./state.ts";

interface Options {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  readonly dryRun: boolean;
  /** Given if differences are to be shown. */
  readonly diff: typeof Diff | undefined;
  /** Whether this run creates the fleet. */
  readonly creates: boolean;
  /** The file of answers that was given. */
  readonly answersFile: string;
}

/** The result of a run, for a program. */
export function fleetJson(
  { exitCode, directory, hosts, changes, notes, written }: FleetOutcome,
  { diff }: Pick<Options, "diff">,
): string {
  return printableJson({
    exitCode,
    directory,
    written,
    notes,
    hosts: Object.fromEntries(
      hosts.map(({ name, from, outcome, changes: own }) => [
        name,
        outcome
          ? {
              ...(from !== undefined && { renamedFrom: from }),
              ...outcomeObject({ ...outcome, written }, diff, []),
            }
          : { removed: true, ...changesObject(own, diff) },
      ]),
    ),
    ...changesObject(changes, diff),
  });
}

/** The result of a run, for a person: one line for each host, then what is to be known about each. */
export function fleetText(
  outcome: FleetOutcome,
  options: Options,
  style: Style,
): string {
  const { hosts, changes, notes } = outcome;
  const about = hosts.map((host) => hostText(host, options, style));
  return joined([
    hosts.map((host) => hostLine(host, hosts, options.creates)).join("\n"),
    ...about,
    options.creates ? "" : changed("The fleet's own files", changes, style),
    ...differences(changes, options, style),
    setAt(0, printableText(notes.join("\n")), style.columns),
    endText(outcome, options, style),
  ]);
}

function hostLine(
  { name, from, outcome, changes }: HostOutcome,
  hosts: readonly HostOutcome[],
  creates: boolean,
): string {
  const width = Math.max(...hosts.map((host) => host.name.length));
  const start = `  ${name.padEnd(width)}  `;
  if (outcome === undefined) return `${start}removed`;
  const count = changes.filter(({ action }) => WRITING.has(action)).length;
  const isNew = outcome.previousAnswers === undefined;
  const what = [
    ...(from === undefined ? [] : [`was ${from}`]),
    ...(isNew && !creates ? ["new"] : []),
    ...(isNew ? [] : [count === 0 ? "unchanged" : counted(count, "change")]),
  ];
  const tail = what.length === 0 ? "" : `  (${what.join(", ")})`;
  return `${start}${outcome.plan.kong.address}${tail}`;
}

/** Nothing for a host that is as it was, or new. */
function hostText(
  { name, outcome, changes }: HostOutcome,
  options: Options,
  style: Style,
): string {
  const listed = changes.some(
    ({ action }) => action !== "create" && action !== "same",
  );
  const { warnings = [], notes = [], steps = [], stale = [] } = outcome ?? {};
  const lines = [
    listed ? changesText(changes, style) : "",
    ...differences(changes, options, style),
    warnings
      .map((one) => labelled("warning", `${issueText(one)}.`, style))
      .join("\n"),
    setAt(0, printableText(notes.join("\n")), style.columns),
    staleText(stale, style),
    conflictLines(inFleet(name, changes), options.shown).join("\n"),
    steps.map(stepText).join("\n"),
  ].filter((text) => text !== "");
  return lines.length === 0 ? "" : [`${name}:`, ...lines].join("\n");
}

/** A host's changes, with their paths in the fleet. */
const inFleet = (name: string, changes: readonly Change[]): Change[] =>
  changes.map(({ path, from, ...rest }) => ({
    ...rest,
    path: `${hostPath(name)}/${path}`,
    ...(from !== undefined && { from: `${hostPath(name)}/${from}` }),
  }));

const changed = (
  title: string,
  changes: readonly Change[],
  style: Style,
): string =>
  changes.every(({ action }) => action === "same")
    ? ""
    : `${title}:\n${changesText(changes, style)}`;

const differences = (
  changes: readonly Change[],
  { diff }: Options,
  style: Style,
): string[] =>
  diff
    ? changes.filter(differs).map((change) => diff.diffText(change, style))
    : [];

function endText(
  { hosts, changes, written }: FleetOutcome,
  { shown, dryRun, creates, answersFile }: Options,
  style: Style,
): string {
  if (dryRun) return "Nothing was written: --dry-run.";
  const all = [
    ...hosts.flatMap((host) => inFleet(host.name, host.changes)),
    ...changes,
  ];
  if (!written) {
    const conflicts = all.some(({ action }) => action === "conflict");
    return conflicts
      ? [
          `${style.red("Nothing was written")}: some files exist already and were not generated.`,
          ...refusedLines(
            all,
            commandLine(
              "create",
              shown,
              "--answers",
              shellWord(answersFile),
              "--conflict",
              "theirs",
            ),
          ),
        ].join("\n")
      : "Nothing to change.";
  }
  return [
    style.green(`${doneText(all, !creates, shown)}.`),
    ...conflictLines(changes, shown),
    "",
    "Next steps",
    ...nextSteps(hosts, all, shown, creates).map(
      (line, index) => `  ${index + 1}. ${line}`,
    ),
  ].join("\n");
}

const nextSteps = (
  hosts: readonly HostOutcome[],
  changes: readonly Change[],
  shown: string,
  creates: boolean,
): string[] => [
  ...openSteps({ changes }),
  ...(creates
    ? [`Read ${shown}/README.md: hosts, DNS records, day to day.`]
    : []),
  `Look at the plan of each host, then apply without --check:\n       cd ${shellWord(shown)} && ansible-playbook playbook.yml --check`,
  ...(creates ? ["Set the DNS records, as README.md shows."] : []),
  ...(hosts.some(({ outcome }) => outcome?.steps.some(({ first }) => !first))
    ? ["Make the changes listed above for each host, such as its DNS records."]
    : []),
  `Test all hosts from a machine with IPv6 that is none of them:\n       ${commandLine("probe", shown)}`,
  ...overlapSteps(hosts, shown),
];

/** Once for all hosts: --finish ends every overlap of the fleet. */
function overlapSteps(hosts: readonly HostOutcome[], shown: string): string[] {
  const all = hosts.flatMap(({ outcome }) => outcome ?? []);
  const one =
    all.find(({ overlap }) => overlap) ?? all.find(({ phase }) => phase);
  return one ? overlapText(one, shown, "run the playbook again") : [];
}
