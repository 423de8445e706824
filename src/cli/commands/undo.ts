import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { recover, recovery } from "../../repository/recover.ts";
import {
  CancelledError,
  EXIT,
  UnusableError,
  type ExitCode,
} from "../../base/errors.ts";
import { losesPassword, undoText } from "../../report/undo-text.ts";
import type { undoFleet } from "../../fleet/undo.ts";
import { printableJson } from "../../base/escape.ts";
import { counted } from "../../base/wrap.ts";
import { styleFor } from "../../base/colors.ts";
import { canAsk, isTerminal, write } from "../../base/stdio.ts";
import { holdsFleet } from "../../repository/fleet-directory.ts";
import { undoLast, type Undone } from "../../repository/undo.ts";

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
  const force = args.conflict === "theirs";
  const isOver = recovered === "rolled back" || (recovered && dryRun);
  if (!isOver && !dryRun && !args.json && canAsk())
    await askConsent(await undoWrite(directory, { dryRun: true, force }));
  const undone: Undone = isOver
    ? { restored: [], edited: [] }
    : await undoWrite(directory, { dryRun, force });
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

/** .env may have no other copy: git does not have it. @throws CancelledError */
async function askConsent(undone: Undone): Promise<void> {
  if (!losesPassword(undone)) return;
  const { loadPrompter } = await import("../../prompts/run-conversation.ts");
  const { confirm } = await import("../../prompts/ask.ts");
  const files = counted(undone.restored.length, "file");
  const text = `Remove ${files}, .env with its password too?`;
  if (!(await confirm(await loadPrompter(), text, false)))
    throw new CancelledError();
}

const undoWrite: typeof undoFleet = async (directory, options) =>
  holdsFleet(directory)
    ? await (await import("../../fleet/undo.ts")).undoFleet(directory, options)
    : undoLast(directory, options);
