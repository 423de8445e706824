import { printable, printableText } from "../base/escape.ts";
import { commandLine } from "../base/program.ts";
import type { Style } from "../base/colors.ts";
import { setAt } from "../base/wrap.ts";
import {
  isOpen,
  type Checked,
  type Inspection,
  type Status,
} from "../reconcile/check.ts";
import type { Resolution } from "../reconcile/request.ts";
import type { Recovered } from "../repository/recover.ts";
import { joined, staleText } from "./outcome-text.ts";

/** What check found, for a person. @param recovered what regenerate will do about an interrupted run */
export function checkText(
  { files, stale, notes }: Inspection,
  { shown, recovered }: { shown: string; recovered: Recovered | undefined },
  style: Style,
): string {
  const open = files.filter(isOpen);
  const has = (...some: Status[]): boolean =>
    open.some(({ status }) => some.includes(status));
  const remedy = (text: string, resolution: Resolution): string =>
    `${wrapped(text)}\n  ${commandLine("regenerate", shown, "--conflict", resolution)}`;
  const wrapped = (text: string): string => setAt(0, text, style.columns);
  return joined([
    recovered === undefined ? "" : wrapped(interruptedText(recovered)),
    open.map((file) => fileLine(file, style)).join("\n"),
    has("changed", "missing")
      ? `If these are your own edits, record them:\n  ${commandLine("regenerate", shown)}`
      : "",
    has("conflict")
      ? remedy("When you have resolved all conflicts, run:", "keep")
      : "",
    has("drift") ? remedy(DRIFT, "theirs") : "",
    wrapped(printableText(notes.join("\n"))),
    staleText(stale, style),
    stale.length > 0 && open.length === 0 && recovered === undefined
      ? wrapped(ONLY_STALE)
      : "",
    counts(shown, files),
  ]);
}

const interruptedText = (recovered: Recovered): string =>
  `An earlier run was interrupted while writing here. ${recovered === "completed" ? "It had written everything; regenerate cleans up" : "regenerate undoes its unfinished write"}.`;

const ONLY_STALE =
  "check exits with 4 only because of these addresses. Change or remove them.";

const DRIFT =
  "Where a file contradicts the answers: edit it, change the answers, or take the generated text there:";

function fileLine(
  { path, status, reason }: Checked,
  { red, columns }: Style,
): string {
  const why = reason ? `: ${printable(reason)}` : "";
  return `  ${red("!")} ${setAt(4, `${path}  ${status}${why}`, columns)}`;
}

/** `gw: 40 generated, 1 edited.` */
function counts(shown: string, files: readonly Checked[]): string {
  const found = new Map<Status, number>();
  for (const { status } of files)
    found.set(status, (found.get(status) ?? 0) + 1);
  const listed = [...found].map(([status, count]) => `${count} ${status}`);
  return `${shown}: ${listed.join(", ")}.`;
}
