import { printable } from "../base/escape.ts";
import type { Style } from "../base/colors.ts";
import { setAt } from "../base/wrap.ts";
import type { DeployOutcome } from "../deploy/deployment.ts";
import type { Row } from "../deploy/row.ts";

/** Where the text of a row starts. */
const COLUMN = 22;

/** A row as apply.sh prints it. A remedy is not wrapped: it may be a command to paste. */
export function rowText(
  { step, status, detail, remedy }: Row,
  style: Style,
): string {
  const { red, green, yellow, bold } = style;
  const paint =
    { ok: green, warn: yellow, note: yellow, fail: red, failed: red }[status] ??
    (status === "refused" ? red : bold);
  const line = (label: string, name: string, text: string): string =>
    `  ${label} ${name.padEnd(11)} ${text}`;
  const [first = "", ...more] = detail
    .split("\n")
    .map((text) => setAt(COLUMN, printable(text), style.columns));
  return [
    line(paint(printable(status).padEnd(7)), printable(step), first),
    ...more.map((text) => line(" ".repeat(7), "", text)),
    ...(remedy
      ? [line(" ".repeat(7), "", `Remedy: ${printable(remedy)}`)]
      : []),
  ].join("\n");
}

/** For programs: each row is one line. */
export const rowJson = (row: Row): string => printable(JSON.stringify(row));

export const outcomeJson = (outcome: DeployOutcome, exitCode: number): string =>
  JSON.stringify({ outcome, exitCode });

export const OUTCOMES: Readonly<Record<DeployOutcome, string>> = {
  confirmed: "Deployed and confirmed.",
  unchanged: "Nothing to change.",
  planned: "Nothing was changed: this was a dry run.",
  reverted: "The change was not confirmed: the server is as before.",
  refused: "apply.sh refuses to begin: it changed nothing.",
  failed: "The deploy failed.",
};
