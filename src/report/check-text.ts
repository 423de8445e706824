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
import { DELETED } from "../reconcile/change.ts";
import type { Resolution } from "../reconcile/request.ts";
import type { Recovered } from "../repository/recover.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { driftRemedies, pathsText } from "./drift-text.ts";
import { joined, staleText } from "./outcome-text.ts";

/** What check found, for a person. @param recovered what regenerate will do about an interrupted run */
export function checkText(
  { files, stale, notes }: Inspection,
  { shown, recovered }: { shown: string; recovered: Recovered | undefined },
  style: Style,
): string {
  const open = files.filter(isOpen);
  const drift = open.filter(({ status }) => status === "drift");
  const needed = pathsOf(drift.filter(({ reason }) => reason === DELETED));
  // A note tells about .env.
  const deleted = pathsOf(
    files.filter(
      ({ path, status }) => status === "deleted" && path !== SECRET_FILE,
    ),
  );
  const has = (...some: Status[]): boolean =>
    open.some(({ status }) => some.includes(status));
  const remedy = (text: string, resolution: Resolution): string =>
    `${wrapped(text)}\n  ${commandLine("regenerate", shown, "--conflict", resolution)}`;
  const wrapped = (text: string): string => setAt(0, text, style.columns);
  return joined([
    recovered === undefined ? "" : wrapped(interruptedText(recovered)),
    [
      ...open
        .filter(({ reason }) => reason !== DELETED)
        .map((file) => fileLine(file, style)),
      ...(needed.length > 0
        ? [
            fileLine(
              { path: pathsText(needed), status: "drift", reason: DELETED },
              style,
            ),
          ]
        : []),
    ].join("\n"),
    deleted.length > 0 ? wrapped(`Deleted by you: ${pathsText(deleted)}.`) : "",
    has("changed", "missing")
      ? `If you made these changes, record them:\n  ${commandLine("regenerate", shown)}`
      : "",
    has("conflict")
      ? remedy("When you have resolved all conflicts, run:", "keep")
      : "",
    ...driftRemedies(drift.map(({ reason = "" }) => reason)).map((text) =>
      remedy(text, "theirs"),
    ),
    wrapped(printableText(notes.join("\n"))),
    staleText(stale, style),
    stale.length > 0 && open.length === 0 && recovered === undefined
      ? wrapped(ONLY_STALE)
      : "",
    counts(shown, files),
  ]);
}

const pathsOf = (files: readonly Checked[]): string[] =>
  files.map(({ path }) => path);

const interruptedText = (recovered: Recovered): string =>
  `An earlier run was interrupted while writing here. ${recovered === "completed" ? "It had written everything; regenerate cleans up" : "regenerate undoes its unfinished write"}.`;

const ONLY_STALE =
  "check exits with 4 only because of these addresses. Change or remove them. If one has a new meaning for you, remove it from previousAnswers in .kong-ipv6.json.";

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
