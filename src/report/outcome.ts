import type { ManualStep } from "../renumber/manual-steps.ts";
import { sidecarPath } from "../reconcile/sidecar.ts";
import { EXIT, issueText } from "../base/errors.ts";
import { filled, setAt } from "../base/wrap.ts";
import { WRITING, type Change } from "../reconcile/change.ts";
import type * as Diff from "./diff.ts";
import type { Outcome } from "../reconcile/request.ts";
import type { StaleAddress } from "../renumber/find-stale.ts";
import type { Detected } from "../detect/infer/types.ts";
import { factsText } from "../detect/print.ts";
import { printable, printableJson } from "../base/escape.ts";
import { planRows, rowsText } from "../plan/summary.ts";
import { shellWord as quoted } from "../base/shell.ts";
import { isOneByOne, rerunCommand } from "./rerun-command.ts";
import {
  changesInShort,
  changesText,
  counted,
  summary,
} from "./changes-text.ts";
import { GENERATED_DIRECTORIES } from "../render/generated-files.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { STATE_FILE } from "../repository/state.ts";
import { labelled, type Style } from "../base/colors.ts";

/** How a run is reported. */
export interface ReportOptions {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  /** Whether questions were asked. If so, the command that repeats the run is printed. */
  readonly asked: boolean;
  readonly dryRun: boolean;
  /** Given if differences are to be shown. */
  readonly diff: typeof Diff | undefined;
  readonly git: boolean;
  /** Whether the owner has seen summaryText and agreed. */
  readonly agreed: boolean;
  /** Detected answers, with the facts behind them. */
  readonly detected: readonly Detected[];
}

/** The result of a run, for a person. */
export function outcomeText(
  outcome: Outcome,
  options: ReportOptions,
  style: Style,
): string {
  const { changes } = outcome;
  const listed =
    options.dryRun ||
    changes.some(({ action }) => action !== "create" && action !== "same");
  const sections = [
    ...(options.agreed
      ? []
      : [planText(outcome, style), ...contextTexts(outcome, options, style)]),
    !options.agreed && listed ? changesText(changes, style) : "",
    setAt(0, outcome.notes.join("\n"), style.columns),
    staleText(outcome.stale, style),
    endText(outcome, options, style),
    options.asked ? rerunText(outcome, options) : "",
  ];
  // Separate it from the questions above.
  return `${options.asked ? "\n" : ""}${joined(sections)}`;
}

function rerunText(outcome: Outcome, options: ReportOptions): string {
  const start = "To repeat this run without questions";
  const introduction = isOneByOne(outcome.resolutions)
    ? `${start} (except the conflicts, which you\nresolved one by one; --conflict resolves all in the same way):`
    : `${start}:`;
  return `${introduction}\n  ${rerunCommand(outcome, options)}`;
}

/**
 * What a run is going to do, before the owner is asked to agree. The plan comes last, so that it is on
 * the screen together with the question.
 */
export function summaryText(
  outcome: Outcome,
  options: Pick<ReportOptions, "diff" | "detected">,
  style: Style,
): string {
  return `\n${joined([
    ...contextTexts(outcome, options, style),
    changesInShort(outcome.changes, style),
    planText(outcome, style),
  ])}\n`;
}

const joined = (sections: readonly string[]): string =>
  sections.filter((section) => section !== "").join("\n\n");

const planText = ({ plan }: Outcome, { columns }: Style): string =>
  rowsText(planRows(plan), columns);

/** Detected answers, warnings, and the differences if they are wanted. */
function contextTexts(
  { changes, warnings }: Outcome,
  { diff, detected }: Pick<ReportOptions, "diff" | "detected">,
  style: Style,
): string[] {
  return [
    detected.length > 0
      ? `Detected on the server:\n${factsText(detected, style)}`
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
  { shown, dryRun }: ReportOptions,
  style: Style,
): string {
  const { exitCode, written, changes } = outcome;
  const updated = outcome.previousAnswers !== undefined;
  if (dryRun) return "Nothing was written: --dry-run.";
  if (!written && exitCode === EXIT.conflicts && !updated) {
    return `${style.red("Nothing was written")}: some files exist already and were not generated.\nChoose --conflict keep, theirs or markers.`;
  }
  if (!written)
    return ["Nothing to change.", ...conflictLines(changes)].join("\n");
  return [
    style.green(`${doneText(changes, updated)} ${placeText(shown)}.`),
    ...conflictLines(changes),
    ...(updated ? updatedSteps(outcome, shown) : firstSteps(outcome, shown)),
  ].join("\n");
}

/** The start of the sentence; the place follows. */
function doneText(changes: readonly Change[], updated: boolean): string {
  const count = changes.filter(({ action }) => WRITING.has(action)).length;
  if (!updated) return `Wrote ${counted(count, "file")} to`;
  if (count > 0) return `Changed ${counted(count, "file")} in`;
  return hasSidecar(changes)
    ? "Wrote the new texts beside your files in"
    : `Recorded the changes in ${STATE_FILE}; no file changed in`;
}

/** Whether a new text is written beside a file of the owner's. */
export const hasSidecar = (changes: readonly Change[]): boolean =>
  changes.some(
    ({ action, noSidecar }) => action === "conflict" && noSidecar === undefined,
  );

/** `.` with a full stop would read as `..`. */
export const placeText = (shown: string): string =>
  shown === "." ? "this directory" : shown;

function conflictLines(changes: readonly Change[]): string[] {
  const conflicts = changes.filter(({ action }) => action === "conflict");
  const marked = changes.filter(({ action }) => action === "markers");
  return [
    ...conflicts.map(
      (change) =>
        `${change.from ?? change.path} was not changed${change.noSidecar === undefined ? `: the new text is in ${sidecarPath(change)}` : ""}.`,
    ),
    ...(conflicts.length > 0
      ? [
          hasSidecar(changes)
            ? "Copy what you want from it and run regenerate again, or choose --conflict\nkeep, theirs or markers."
            : "Choose --conflict keep, theirs or markers.",
        ]
      : []),
    ...marked.map(
      ({ path }) => `${path} has conflict markers. Resolve them by hand.`,
    ),
  ];
}

function firstSteps(outcome: Outcome, shown: string): string[] {
  return numbered([
    `Read ${shown}/README.md: the address plan, the DNS records, all steps.`,
    copyText(outcome, shown),
    "On the server:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh",
  ]);
}

/**
 * The rsync command. Nothing on the server is lost: replaced and deleted files are kept in another
 * folder. Data, git, the undo folder, files that exist only on the server, and a .env that is not in
 * this copy are not touched.
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
  // Files are deleted in generated directories only: others may hold data.
  // The first matching rule counts: R(isk) allows deletion, P(rotect) prevents it (rsync(1), FILTER RULES).
  const deleted = [
    ...GENERATED_DIRECTORIES.map((name) => `R /${name}/**`),
    "P *",
  ].map((rule) => `--filter=${quoted(rule)}`);
  // rsync reads text before a colon as a host, and a leading dash as an option.
  const source = /^-|^[^/]*:/.test(shown) ? `./${shown}` : shown;
  return [
    "Copy it to the server (use the address you connect to today). Files that it\n     replaces or deletes there are kept in /opt/kong-ipv6.replaced:",
    "     rsync -a --delete --backup --backup-dir=/opt/kong-ipv6.replaced \\",
    "       --chown=root:root \\",
    ...filled([...left, ...deleted], { indent: "       ", width: 78 }).map(
      (line) => `${line} \\`,
    ),
    `       ${quoted(`${source}/`)} ${quoted(`root@${target}:/opt/kong-ipv6/`)}`,
  ].join("\n");
}

function updatedSteps(outcome: Outcome, shown: string): string[] {
  const { steps, changes } = outcome;
  const open = changes.some(
    ({ action }) => action === "conflict" || action === "markers",
  );
  return numbered([
    ...(open ? ["Resolve the conflicts; check lists the remaining ones."] : []),
    ...steps.filter(({ first }) => first).map(stepText),
    copyText(outcome, shown),
    "On the server:  cd /opt/kong-ipv6 && sudo ./scripts/apply.sh",
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

/** Where old addresses still stand: path:line, which editors can open, or the file's name. */
export function staleText(
  stale: readonly StaleAddress[],
  style: Style,
): string {
  if (stale.length === 0) return "";
  const lines = stale.map(({ path, line, text }) =>
    printable(
      line === 0
        ? `  ${path}  (the file's name)`
        : `  ${path}:${line}  ${text}`,
    ),
  );
  return [style.yellow("Old addresses still stand in"), ...lines].join("\n");
}

/** The result of a run, for a program. */
export function outcomeJson(
  outcome: Outcome,
  diff: ReportOptions["diff"] = undefined,
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
