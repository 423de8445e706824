import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { recover, recovery } from "../../repository/recover.ts";
import type { undoFleet } from "../../fleet/undo.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { undoText } from "../../report/undo-text.ts";
import { printableJson } from "../../base/escape.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";
import { holdsFleet } from "../../repository/target.ts";
import { undoLast } from "../../repository/undo.ts";

/**
 * `create-kong-ipv6 undo [directory]`: undoes the last write; run again, it redoes it. If a run was
 * interrupted, its unfinished write is the last one, and no earlier write is touched.
 */
export async function undo(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const { dryRun } = args;
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const recovered = (dryRun ? recovery : recover)(directory);
  const undone =
    recovered === "rolled back" || (recovered && dryRun)
      ? { restored: [], edited: [] }
      : await undoWrite(directory, {
          dryRun,
          force: args.conflict === "theirs",
        });
  const isRefused = undone.edited.length > 0;
  const written = !dryRun && !isRefused;
  const exitCode = isRefused
    ? EXIT.conflicts
    : dryRun
      ? EXIT.changes
      : EXIT.done;
  const text = args.json
    ? printableJson({
        exitCode,
        directory,
        written,
        ...(recovered && { recovered }),
        ...undone,
      })
    : undoText(
        undone,
        { shown, dryRun, recovered },
        styleFor(isTerminal(1), args.color),
      );
  write(1, `${text}\n`);
  return exitCode;
}

const undoWrite: typeof undoFleet = async (directory, options) =>
  holdsFleet(directory)
    ? await (await import("../../fleet/undo.ts")).undoFleet(directory, options)
    : undoLast(directory, options);
