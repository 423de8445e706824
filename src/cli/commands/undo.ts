import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import {
  recover,
  recovery,
  type Recovered,
} from "../../repository/in-place.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { placeText } from "../../report/outcome.ts";
import { printableJson } from "../../base/escape.ts";
import { counted } from "../../report/report.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";
import { takeBackLast } from "../../repository/undo.ts";

/**
 * `create-kong-ipv6 undo [directory]`: takes the last write back; run again, it does it anew. Where
 * a run was cut off, what it had begun is the last write: nothing before it is touched.
 */
export async function undo(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const recovered = (args.dryRun ? recovery : recover)(directory);
  const { restored, edited } =
    recovered === "taken back" || (recovered && args.dryRun)
      ? { restored: [], edited: [] }
      : takeBackLast(directory, {
          dryRun: args.dryRun,
          force: args.conflict === "theirs",
        });
  const written = !args.dryRun && edited.length === 0;
  const exitCode =
    edited.length > 0 ? EXIT.conflicts : args.dryRun ? EXIT.changes : EXIT.done;
  const style = styleFor(isTerminal(1), args.color);
  const told = recovered && cutOffText(recovered, args.dryRun);
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
        ...(recovered === "taken back" && written
          ? []
          : [endText(shown, args.dryRun, restored.length, edited.length)]),
      ].join("\n");
  write(1, `${text}\n`);
  return exitCode;
}

function cutOffText(recovered: Recovered, dryRun: boolean): string {
  if (recovered === "ended")
    return `A run was cut off here when all that it wrote was in its place${dryRun ? ": that is taken back" : ""}.`;
  return dryRun
    ? "A run was cut off here: what it had begun is taken back, and nothing before it."
    : "A run was cut off here: what it had begun was taken back, and nothing before it.\nRun undo again for the write before.";
}

function endText(
  shown: string,
  dryRun: boolean,
  restored: number,
  edited: number,
): string {
  if (edited > 0)
    return "Nothing was taken back: files were edited since.\n--conflict theirs does it all the same; another undo gives your edits back.";
  return dryRun
    ? "Nothing was written: --dry-run."
    : `Took back ${counted(restored, "file")} in ${placeText(shown)}. undo again does it anew.`;
}
