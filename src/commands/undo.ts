import { resolve as absolute } from "node:path";
import type { Arguments } from "../args.ts";
import { recover } from "../in-place.ts";
import { EXIT, UnusableError, type ExitCode } from "../errors.ts";
import { placeText } from "../outcome.ts";
import { printableJson } from "../printable.ts";
import { counted } from "../report.ts";
import { styleFor } from "../style.ts";
import { isTerminal, write } from "../terminal.ts";
import { takeBackLast } from "../undo.ts";

/** `create-kong-ipv6 undo [directory]`: takes the last write back; run again, it does it anew. */
export async function undo(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  const recovered = !args.dryRun && recover(directory);
  const { restored, edited } = takeBackLast(directory, {
    dryRun: args.dryRun,
    force: args.conflict === "theirs",
  });
  const written = !args.dryRun && edited.length === 0;
  const exitCode =
    edited.length > 0 ? EXIT.conflicts : args.dryRun ? EXIT.changes : EXIT.done;
  const style = styleFor(isTerminal(1), args.color);
  const text = args.json
    ? printableJson({ exitCode, directory, written, restored, edited })
    : [
        ...(recovered
          ? ["A run was cut off here: what it had begun was taken back."]
          : []),
        ...restored.map(
          ({ path, to }) =>
            `  ${to === "gone" ? style.red("-") : style.yellow("~")} ${path}`,
        ),
        ...edited.map((path) => `  ${style.red("!")} ${path}  (edited since)`),
        edited.length > 0
          ? "Nothing was taken back: files were edited since.\n--conflict theirs does it all the same; another undo gives your edits back."
          : written
            ? `Took back ${counted(restored.length, "file")} in ${placeText(shown)}. undo again does it anew.`
            : "Nothing was written: --dry-run.",
      ].join("\n");
  write(1, `${text}\n`);
  return exitCode;
}
