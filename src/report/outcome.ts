import type { ManualStep } from "../renumber/manual-steps.ts";
import { sidecarPath } from "../reconcile/sidecar.ts";
import { EXIT, issueText } from "../base/errors.ts";
import { filled, setAt } from "../base/wrap.ts";
import { WRITING, type Change } from "../reconcile/change.ts";
import type * as Diff from "./diff.ts";
import type { Outcome } from "../reconcile/request.ts";
import type { StaleAddress } from "../renumber/find-stale.ts";
import type { Detected } from "../detect/infer/findings.ts";
import { factsText } from "../detect/facts-text.ts";
import { printable, printableJson } from "../base/escape.ts";
import { planRows, rowsText } from "../plan/summary.ts";
import { isOneByOne, quoted, repeatCommand } from "./rerun-command.ts";
import { changesInShort, changesText, counted, summary } from "./report.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { STATE_FILE } from "../repository/state.ts";
import { labelled, type Style } from "../base/colors.ts";

export interface Manner {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  /** Whether questions were asked: then the command that repeats the run is printed. */
  readonly asked: boolean;
  readonly dryRun: boolean;
  /** Given where differences are to be shown. */
  readonly diff: typeof Diff | undefined;
  readonly git: boolean;
  /** Whether the owner has seen summaryText and agreed. */
  readonly agreed: boolean;
  /** Answers that the server gave, with the facts that they came from. */
  readonly detected: readonly Detected[];
}

/** What a run has done, for a person. */
export function outcomeText(
  outcome: Outcome,
  manner: Manner,
  style: Style,
): string {
  const { changes } = outcome;
  const listed =
    manner.dryRun ||
    changes.some(({ action }) => action !== "create" && action !== "same");
  const sections = [
    ...(manner.agreed
      ? []
      : [planText(outcome, style), ...aroundIt(outcome, manner, style)]),
    !manner.agreed && listed ? changesText(changes, style) : "",
    setAt(0, outcome.notes.join("\n"), style.columns),
    staleText(outcome.stale, style),
    endText(outcome, manner, style),
    manner.asked ? repeatText(outcome, manner) : "",
  ];
  // Questions and answers stand right above.
  return `${manner.asked ? "\n" : ""}${joined(sections)}`;
}

function repeatText(outcome: Outcome, manner: Manner): string {
  const first = "To repeat this without questions";
  const told = isOneByOne(outcome.resolutions)
    ? `${first}, but for the files in the way, which were\nsettled one by one (--conflict keep, theirs or markers settles all alike):`
    : `${first}:`;
  return `${told}\n  ${repeatCommand(outcome, manner)}`;
}

/**
 * What a run is going to do, before the owner is asked to agree: the plan last, so that it is on the
 * screen with the question however much was seen or warned of.
 */
export function summaryText(
  outcome: Outcome,
  manner: Pick<Manner, "diff" | "detected">,
  style: Style,
): string {
  return `\n${joined([
    ...aroundIt(outcome, manner, style),
    changesInShort(outcome.changes, style),
    planText(outcome, style),
  ])}\n`;
}

const joined = (sections: readonly string[]): string =>
  sections.filter((section) => section !== "").join("\n\n");

const planText = ({ plan }: Outcome, { columns }: Style): string =>
  rowsText(planRows(plan), columns);

/** Where the plan comes from, what is odd about it, and the differences where they are wanted. */
function aroundIt(
  { changes, warnings }: Outcome,
  { diff, detected }: Pick<Manner, "diff" | "detected">,
  style: Style,
): string[] {
  return [
    detected.length > 0
      ? `Seen on the server:\n${factsText(detected, style)}`
      : "",
    warnings
      .map((warning) => labelled("warning", `${issueText(warning)}.`, style))
      .join("\n"),
    diff
      ? changes
          .filter(differs)
          .map((change) => diff.diffText(change, style))
          .join("\n")
      : "",
  ];
}

const differs = ({ action }: Change): boolean =>
  WRITING.has(action) || action === "conflict";

function endText(
  outcome: Outcome,
  { shown, dryRun }: Manner,
  style: Style,
): string {
  const { exitCode, written, changes } = outcome;
  const followed = outcome.previousAnswers !== undefined;
  if (dryRun) return "Nothing was written: --dry-run.";
  if (!written && exitCode === EXIT.conflicts && !followed) {
    return `${style.red("Nothing was written")}: files that are not ours are in the way.\nChoose with --conflict keep, theirs or markers.`;
  }
  if (!written)
    return ["Nothing to change.", ...conflictLines(changes)].join("\n");
  return [
    style.green(`${doneText(changes, followed)} ${placeText(shown)}.`),
    ...conflictLines(changes),
    ...(followed ? followedSteps(outcome, shown) : firstSteps(outcome, shown)),
  ].join("\n");
}

/** Up to the place, which follows. */
function doneText(changes: readonly Change[], followed: boolean): string {
  const count = changes.filter(({ action }) => WRITING.has(action)).length;
  if (!followed) return `Wrote ${counted(count, "file")} to`;
  if (count > 0) return `Changed ${counted(count, "file")} in`;
  return hasSidecar(changes)
    ? "Laid new texts beside your files in"
    : `Noted in ${STATE_FILE} what is new; no file changes in`;
}

/** Whether there is a new text beside a file of the owner's. */
export const hasSidecar = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ action, noSidecar }) => action === "conflict" && noSidecar === undefined,
  );

/** `.` and a full stop would read as `..`. */
export const placeText = (shown: string): string =>
  shown === "." ? "this directory" : shown;

function conflictLines(changes: readonly Change[]): string[] {
  const conflicts = changes.filter(({ action }) => action === "conflict");
  const marked = changes.filter(({ action }) => action === "markers");
  return [
    ...conflicts.map(
      (change) =>
        `${change.from ?? change.path} is as it was: ${change.noSidecar === undefined ? `what would be new is in ${sidecarPath(change)}` : "nothing new lies beside it"}.`,
    ),
    ...(conflicts.length > 0
      ? [
          hasSidecar(changes)
            ? "Take over what you want and run regenerate again, or choose with --conflict\nkeep, theirs or markers."
            : "Choose with --conflict keep, theirs or markers.",
        ]
      : []),
    ...marked.map(
      ({ path }) => `${path} has conflict markers, for you to mend.`,
    ),
  ];
}

function firstSteps(outcome: Outcome, shown: string): string[] {
  return numbered([
    `Read ${shown}/README.md: the plan, the DNS records to set, the steps.`,
    copyText(outcome, shown),
    "There:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh",
  ]);
}

/** Where what was deleted here goes there too: elsewhere it may be data, of whatever service. */
const OURS = ["host", "kong-build", "scripts"];

/**
 * Nothing is lost there: what it replaces or deletes is kept beside it. Data, git, what undo keeps, a
 * .env that isn't in this copy, and all that only the server has stay where they are.
 */
function copyText({ plan, data, changes }: Outcome, shown: string): string {
  const target = plan.ipv4.address || `[${plan.host.address}]`;
  const elsewhere = changes.some(
    ({ path, action }) => path === SECRET_FILE && action === "gone",
  );
  const left = [
    ...data,
    ...(elsewhere ? [`/${SECRET_FILE}`] : []),
    "/.git",
    "/.kong-ipv6.*",
  ].map((pattern) => `--exclude=${quoted(pattern)}`);
  // The first that fits counts: R(isk) may be deleted, P(rotect) not (rsync(1), FILTER RULES).
  const deleted = [...OURS.map((name) => `R /${name}/**`), "P *"].map(
    (rule) => `--filter=${quoted(rule)}`,
  );
  // rsync takes what stands before a colon for a host, and what begins with a dash for an option.
  const source = /^-|^[^/]*:/.test(shown) ? `./${shown}` : shown;
  return [
    "Copy it to the server (name it as you reach it now); what that replaces or\n     deletes there is then in /opt/kong-ipv6.replaced:",
    "     rsync -a --delete --backup --backup-dir=/opt/kong-ipv6.replaced \\",
    "       --chown=root:root \\",
    ...filled([...left, ...deleted], { indent: "       ", width: 78 }).map(
      (line) => `${line} \\`,
    ),
    `       ${quoted(`${source}/`)} ${quoted(`root@${target}:/opt/kong-ipv6/`)}`,
  ].join("\n");
}

function followedSteps(outcome: Outcome, shown: string): string[] {
  const { steps, changes } = outcome;
  const open = changes.some(
    ({ action }) => action === "conflict" || action === "markers",
  );
  return numbered([
    ...(open ? ["Mend what is in conflict; check says what is left."] : []),
    ...steps.filter(({ first }) => first).map(stepText),
    copyText(outcome, shown),
    "There:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh",
    ...steps.filter(({ first }) => !first).map(stepText),
  ]);
}

function stepText(act: ManualStep): string {
  const lines = act.commands ?? [`old ${act.old}`, `new ${act.new}`];
  return [`${act.what}:`, ...lines.map((line) => `       ${line}`)].join("\n");
}

function numbered(lines: readonly string[]): string[] {
  return [
    "",
    "Next steps",
    ...lines.map((line, index) => `  ${index + 1}. ${line}`),
  ];
}

/** Where addresses of the past still stand: path:line, as editors take it; or in the path itself. */
export function staleText(
  stale: readonly StaleAddress[],
  style: Style,
): string {
  if (stale.length === 0) return "";
  const lines = stale.map(({ path, line, text }) =>
    printable(
      line === 0 ? `  ${path}  (its name)` : `  ${path}:${line}  ${text}`,
    ),
  );
  return [style.yellow("Former addresses still stand in"), ...lines].join("\n");
}

/** What a run has done, for a program; README "JSON" describes it. */
export function outcomeJson(
  outcome: Outcome,
  diff: Manner["diff"] = undefined,
  detected: readonly Detected[] = [],
): string {
  const { exitCode, directory, written, answers, warnings, notes, changes } =
    outcome;
  const { steps, stale } = outcome;
  const listed = changes.map((change) => {
    const { path, action, after, reason } = change;
    const mode = after?.mode.toString(8).padStart(4, "0");
    return {
      path,
      action,
      ...(mode === undefined ? {} : { mode }),
      ...(reason === undefined ? {} : { reason }),
      ...(diff && differs(change) ? { diff: diff.patchOf(change) } : {}),
    };
  });
  return printableJson({
    exitCode,
    directory,
    written,
    answers,
    ...(detected.length > 0 && { detected }),
    warnings,
    notes,
    acts: steps,
    leftovers: stale,
    summary: summary(changes),
    changes: listed,
  });
}
