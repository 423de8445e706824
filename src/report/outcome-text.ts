import { printable, printableText } from "../base/escape.ts";
import { EXIT, issueText, sentence } from "../base/errors.ts";
import { labelled, type Style } from "../base/colors.ts";
import { counted, setAt } from "../base/wrap.ts";
import type { Detected } from "../detect/infer/types.ts";
import { factsText } from "../detect/print.ts";
import { planRows, rowsText } from "../plan/summary.ts";
import { WRITING, type Change } from "../reconcile/change.ts";
import type { Outcome } from "../reconcile/request.ts";
import type { StaleAddress } from "../renumber/find-stale.ts";
import { STATE_FILE } from "../repository/state.ts";
import { changesInShort, changesText, differs } from "./changes-text.ts";
import type * as Diff from "./diff.ts";
import {
  conflictLines,
  refusedLines,
  writesSidecar,
} from "./conflicts-text.ts";
import { contradictionLines, driftLines } from "./drift-text.ts";
import { firstSteps, updatedSteps } from "./next-steps.ts";
import { isOneByOne, rerunCommand } from "./rerun-command.ts";

/** How a run is reported. */
interface ReportOptions {
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
    setAt(0, printableText(outcome.notes.join("\n")), style.columns),
    staleText(outcome.stale, style),
    endText(outcome, options, style),
    options.asked ? rerunText(outcome, options, style) : "",
  ];
  // Separate it from the questions above.
  return `${options.asked ? "\n" : ""}${joined(sections)}`;
}

function rerunText(
  outcome: Outcome,
  options: ReportOptions,
  { columns }: Style,
): string {
  const start = "To repeat this run without questions";
  const introduction = isOneByOne(outcome.resolutions)
    ? `${start} (except the conflicts, which you resolved one by one; --conflict resolves all in the same way):`
    : `${start}:`;
  return `${setAt(0, introduction, columns)}\n  ${rerunCommand(outcome, options)}`;
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
    setAt(0, contradictionLines(outcome.changes).join("\n"), style.columns),
    planText(outcome, style),
  ])}\n`;
}

/** The sections that are not empty, with a blank line between them. */
export const joined = (sections: readonly string[]): string =>
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
      .map((warning) =>
        labelled("warning", sentence(issueText(warning)), style),
      )
      .join("\n"),
    diff
      ? changes
          .filter(differs)
          .map((change) => diff.diffText(change, style))
          .join("\n")
      : "",
  ];
}

function endText(
  outcome: Outcome,
  options: ReportOptions,
  style: Style,
): string {
  const { shown, dryRun } = options;
  const { exitCode, written, changes } = outcome;
  const updated = outcome.previousAnswers !== undefined;
  const wrapped = (lines: readonly string[]): string[] =>
    lines.map((line) => setAt(0, line, style.columns));
  if (dryRun)
    return [
      "Nothing was written: --dry-run.",
      ...wrapped(driftLines(changes, shown)),
    ].join("\n");
  if (!written && exitCode === EXIT.conflicts && !updated)
    return [
      `${style.red("Nothing was written")}: some files exist already and were not generated.`,
      ...wrapped(
        refusedLines(
          changes,
          rerunCommand({ ...outcome, resolutions: ["theirs"] }, options),
        ),
      ),
    ].join("\n");
  const conflicts = wrapped(conflictLines(changes, shown));
  if (!written && exitCode === EXIT.conflicts && conflicts.length > 0)
    return conflicts.join("\n");
  if (!written) return ["Nothing to change.", ...conflicts].join("\n");
  return [
    style.green(`${doneText(changes, updated, shown)}.`),
    ...conflicts,
    ...(updated ? updatedSteps(outcome, shown) : firstSteps(outcome, shown)),
  ].join("\n");
}

/** What was written, and where. */
export function doneText(
  changes: readonly Change[],
  updated: boolean,
  shown: string,
): string {
  const place = placeText(shown);
  const count = changes.filter(({ action }) => WRITING.has(action)).length;
  if (count > 0)
    return updated
      ? `Changed ${counted(count, "file")} in ${place}`
      : `Wrote ${counted(count, "file")} to ${place}`;
  return writesSidecar(changes)
    ? `Wrote the new texts beside your files in ${place}`
    : `Recorded the ${updated ? "changes" : "answers"} in ${STATE_FILE}; no file changed in ${place}`;
}

/** `.` with a full stop would read as `..`. */
export const placeText = (shown: string): string =>
  shown === "." ? "this directory" : shown;

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
  return [style.yellow("Old addresses remain in these files:"), ...lines].join(
    "\n",
  );
}
