import { printable } from "../base/escape.ts";
import type { Style } from "../base/colors.ts";
import type { Change } from "../reconcile/change.ts";
import type { Resolution } from "../reconcile/request.ts";
import { diffText } from "../report/diff.ts";
import { confirm, type Prompter } from "./ask.ts";

const CHOICES: readonly { name: string; value: Resolution | "diff" }[] = [
  { name: "keep my file", value: "keep" },
  { name: "use the generated text for the conflicts", value: "theirs" },
  { name: "write both, with conflict markers", value: "markers" },
  { name: "show the difference", value: "diff" },
];

/** Asks for each file that the owner has deleted whether to create it again. */
export async function askDeleted(
  prompter: Prompter,
  deleted: readonly Change[],
): Promise<Map<string, Resolution>> {
  const resolutions = new Map<string, Resolution>();
  for (const { path } of deleted) {
    const message = `${path} was deleted by you. Create it again?`;
    if (await confirm(prompter, message, false))
      resolutions.set(path, "theirs");
  }
  return resolutions;
}

/** Asks what to do with each conflicting file. One answer can hold for all others. */
export async function askConflicts(
  prompter: Prompter,
  conflicts: readonly Change[],
  style: Style,
  show: (text: string) => void,
): Promise<Map<string, Resolution>> {
  const decided = new Map<string, Resolution>();
  for (const [index, conflict] of conflicts.entries()) {
    let resolution: Resolution | "diff";
    do {
      const choices = conflict.before === null ? CHOICES.slice(0, 1) : CHOICES;
      const { path, from = path, reason = "" } = conflict;
      const message = `${from} (${printable(reason)}):`;
      const reply = await prompter.prompt([
        { type: "list", name: "resolution", message, choices },
      ]);
      resolution = reply["resolution"] as Resolution | "diff";
      if (resolution === "diff") show(diffText(conflict, style));
    } while (resolution === "diff");
    decided.set(conflict.path, resolution);
    const left = conflicts.slice(index + 1);
    if (index > 0 || left.length === 0) continue;
    const message = `Do the same for the other ${left.length}?`;
    if (await confirm(prompter, message, false)) {
      for (const { path } of left) decided.set(path, resolution);
      break;
    }
  }
  return decided;
}
