import { resolve as absolute } from "node:path";
import type { Arguments } from "../args.ts";
import { recover } from "../apply.ts";
import { EXIT, UnusableError, type ExitCode } from "../errors.ts";
import { printableJson } from "../printable.ts";
import { styleFor } from "../style.ts";
import { takeBackLast } from "../undo.ts";

/** `create-kong-ipv6 undo [directory]`: takes the last write back; run again, it does it anew. */
export async function undo(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  if (!args.dryRun) recover(directory);
  const { restored, edited } = takeBackLast(directory, {
    dryRun: args.dryRun,
    force: args.conflict === "theirs",
  });
  const written = !args.dryRun && edited.length === 0;
  const exitCode =
    edited.length > 0 ? EXIT.conflicts : args.dryRun ? EXIT.changes : EXIT.done;
  const style = styleFor(process.stdout, args.color);
  const text = args.json
    ? printableJson({ exitCode, directory, written, restored, edited })
    : [
        ...restored.map(
          ({ path, to }) =>
            `  ${to === "gone" ? style.red("-") : style.yellow("~")} ${path}`,
        ),
        ...edited.map((path) => `  ${style.red("!")} ${path}  (edited since)`),
        edited.length > 0
          ? "Nothing was taken back: files were edited since. --conflict theirs does it all the same, and keeps your version for the next undo."
          : written
            ? `Took back ${restored.length} files in ${shown}. undo again does it anew.`
            : "Nothing was written: --dry-run.",
      ].join("\n");
  process.stdout.write(`${text}\n`);
  return exitCode;
}
