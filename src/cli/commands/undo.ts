import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { recover, recovery, type Recovered } from "../../repository/recover.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { placeText } from "../../report/outcome-text.ts";
import { printableJson } from "../../base/escape.ts";
import { counted } from "../../base/wrap.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";
import { undoLast } from "../../repository/undo.ts";

/**
 * `create-kong-ipv6 undo [directory]`: undoes the last write; run again, it redoes it. If a run was
 * interrupted, its unfinished write is the last one, and no earlier write is touched.
 */
export async function undo(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const recovered = (args.dryRun ? recovery : recover)(directory);
  const { restored, edited } =
    recovered === "rolled back" || (recovered && args.dryRun)
      ? { restored: [], edited: [] }
      : undoLast(directory, {
          dryRun: args.dryRun,
          force: args.conflict === "theirs",
        });
  const written = !args.dryRun && edited.length === 0;
  const exitCode =
    edited.length > 0 ? EXIT.conflicts : args.dryRun ? EXIT.changes : EXIT.done;
  const style = styleFor(isTerminal(1), args.color);
  const told = recovered && interruptedText(recovered, args.dryRun);
  const text = args.json
    ? printableJson({
        exitCode,
        directory,
        written,
        ...(recovered && { recovered }),
        restored,
        edited,
      })
    : [
        ...(told ? [told] : []),
        ...restored.map(
          ({ path, to }) =>
            `  ${to === "gone" ? style.red("-") : style.yellow("~")} ${path}`,
        ),
        ...edited.map((path) => `  ${style.red("!")} ${path}  (edited since)`),
        ...(recovered === "rolled back" && written
          ? []
          : [endText(shown, args.dryRun, restored.length, edited.length)]),
      ].join("\n");
  write(1, `${text}\n`);
  return exitCode;
}

function interruptedText(recovered: Recovered, dryRun: boolean): string {
  if (recovered === "completed")
    return `An earlier run was interrupted after it had written everything${dryRun ? ": its write would be undone" : ""}.`;
  return dryRun
    ? "An earlier run was interrupted: only its unfinished write would be undone."
    : "An earlier run was interrupted: only its unfinished write was undone.\nRun undo again to undo the write before it.";
}

function endText(
  shown: string,
  dryRun: boolean,
  restored: number,
  edited: number,
): string {
  if (edited > 0)
    return "Nothing was undone, because these files were edited since the last write.\nUse --conflict theirs to undo it anyway. A second undo restores your edits.";
  return dryRun
    ? "Nothing was written: --dry-run."
    : `Restored ${counted(restored, "file")} in ${placeText(shown)}. Run undo again to redo.`;
}
