import { printableJson } from "../base/escape.ts";
import type { Detected } from "../detect/infer/types.ts";
import type { Change } from "../reconcile/change.ts";
import type { Outcome } from "../reconcile/request.ts";
import { differs, summary } from "./changes-text.ts";
import type * as Diff from "./diff.ts";

/** The result of a run, for a program. */
export const outcomeJson = (
  ...result: Parameters<typeof outcomeObject>
): string => printableJson(outcomeObject(...result));

/** The same, as an object. */
export function outcomeObject(
  outcome: Outcome,
  diff: typeof Diff | undefined,
  detected: readonly Detected[],
): object {
  const { exitCode, directory, written, answers, warnings, notes, changes } =
    outcome;
  const { steps, stale } = outcome;
  return {
    exitCode,
    directory,
    written,
    answers,
    overlap: outcome.plan.previous,
    ...(detected.length > 0 && { detected }),
    warnings,
    notes,
    steps,
    stale,
    ...changesObject(changes, diff),
  };
}

/** Changes, and how many there are of each kind. */
export function changesObject(
  changes: readonly Change[],
  diff: typeof Diff | undefined,
): { summary: object; changes: object[] } {
  const listed = changes.map((change) => {
    const { path, action, after, reason, contradicts } = change;
    const mode = after?.mode.toString(8).padStart(4, "0");
    return {
      path,
      action,
      ...(mode === undefined ? {} : { mode }),
      ...(reason === undefined ? {} : { reason }),
      ...(contradicts && { contradicts }),
      ...(diff && differs(change) ? { diff: diff.patchOf(change) } : {}),
    };
  });
  return { summary: summary(changes), changes: listed };
}
