import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { recovery } from "../../repository/recover.ts";
import {
  NO_ACTION,
  inspectRepository,
  type Status,
} from "../../reconcile/check.ts";
import { staleText } from "../../report/outcome-text.ts";
import { printable, printableJson, printableText } from "../../base/escape.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";

/** `create-kong-ipv6 check [directory]`: compares a repository with its answers, and validates it. */
export function check(args: Arguments): ExitCode {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const { files, stale, notes } = inspectRepository(directory);
  const interruption = recovery(directory);
  const interrupted = interruption !== undefined;
  const open = files.filter(({ status }) => !NO_ACTION.has(status));
  const exitCode =
    open.length > 0 || stale.length > 0 || interrupted
      ? EXIT.changes
      : EXIT.done;

  if (args.json) {
    write(
      1,
      `${printableJson({ exitCode, directory, interrupted, files, stale, notes })}\n`,
    );
    return exitCode;
  }
  const style = styleFor(isTerminal(1), args.color);
  const counts = new Map<Status, number>();
  for (const { status } of files)
    counts.set(status, (counts.get(status) ?? 0) + 1);
  const sections = [
    interruption === undefined
      ? ""
      : `An earlier run was interrupted while writing here.\n${interruption === "completed" ? "It had written everything; regenerate cleans up" : "regenerate undoes its unfinished write"}.`,
    open
      .map(
        ({ path, status, reason }) =>
          `  ${style.red("!")} ${path}  ${status}${reason ? `: ${printable(reason)}` : ""}`,
      )
      .join("\n"),
    open.some(({ status }) => status === "changed" || status === "missing")
      ? "If these are your own edits, run regenerate to record them."
      : "",
    printableText(notes.join("\n")),
    staleText(stale, style),
    `${shown}: ${[...counts].map(([status, count]) => `${count} ${status}`).join(", ")}.`,
  ];
  write(1, `${sections.filter((section) => section !== "").join("\n\n")}\n`);
  return exitCode;
}
