import { basename } from "node:path/posix";
import type { Style } from "../base/colors.ts";
import { counted, setAt } from "../base/wrap.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Recovered } from "../repository/recover.ts";
import type { Undone } from "../repository/undo.ts";
import { sign } from "./changes-text.ts";
import { placeText } from "./outcome-text.ts";

interface UndoOptions {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  readonly dryRun: boolean;
  /** The result for an interrupted run; undefined if there was none. */
  readonly recovered: Recovered | undefined;
}

/** What undo did, or would do, for a person. */
export function undoText(
  undone: Undone,
  options: UndoOptions,
  style: Style,
): string {
  const { recovered, dryRun } = options;
  const wrapped = (text: string): string => setAt(0, text, style.columns);
  // The first line tells it already.
  const isTold = recovered === "rolled back" && !dryRun;
  return [
    ...(recovered ? [wrapped(interruptedText(recovered, dryRun))] : []),
    ...(undone.undoes ? [wrapped(writeText(undone))] : []),
    ...undone.restored.map(
      ({ path, to, created }) =>
        `  ${sign(to === "gone" ? "delete" : created ? "create" : "update", style)} ${path}`,
    ),
    ...undone.edited.map(
      (path) => `  ${sign("conflict", style)} ${path}  (edited since)`,
    ),
    ...(isTold ? [] : [wrapped(endText(undone, options))]),
  ].join("\n");
}

/** Which write it is about. */
function writeText({ undoes, writtenAt = "" }: Undone): string {
  if (undoes === "create") return "Undo of create:";
  const time = `${writtenAt.slice(0, 16).replace("T", " ")} UTC`;
  return undoes === "undo"
    ? `Redo: the undo of ${time} is taken back:`
    : `Undo of the last write, of ${time}:`;
}

/** Whether .env goes, of which there may be no other copy. */
export const losesPassword = ({ restored }: Undone): boolean =>
  restored.some(
    ({ path, to, moved }) =>
      basename(path) === SECRET_FILE && to === "gone" && !moved,
  );

function interruptedText(recovered: Recovered, dryRun: boolean): string {
  if (recovered === "completed")
    return `An earlier run was interrupted after it had written everything${dryRun ? ": its write would be undone" : ""}.`;
  return dryRun
    ? "An earlier run was interrupted: only its unfinished write would be undone."
    : "An earlier run was interrupted: only its unfinished write was undone. Run undo again to undo the write before it.";
}

function endText(undone: Undone, { shown, dryRun }: UndoOptions): string {
  const { restored, edited } = undone;
  if (edited.length > 0)
    return "Nothing was undone, because these files were edited since the last write. Use --conflict theirs to undo it anyway. A second undo restores your edits.";
  const again =
    undone.undoes === "undo"
      ? "Run undo again to undo it."
      : "Run undo again to redo.";
  const password = losesPassword(undone)
    ? ` ${SECRET_FILE} ${dryRun ? "would go" : "is gone"} too, with its password.`
    : "";
  // Of a create, and of what only the last write made.
  const isRemoved = restored.every(({ to }) => to === "gone");
  return dryRun
    ? `Nothing was written: --dry-run.${password}`
    : `${isRemoved ? "Removed" : "Restored"} ${counted(restored.length, "file")} in ${placeText(shown)}. ${again}${password}`;
}
