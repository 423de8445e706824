import { WRITING, type Action, type Change } from "../reconcile/change.ts";
import { printable } from "../base/escape.ts";
import { filled, setAt } from "../base/wrap.ts";
import { PROGRAM_FOLDER } from "../render/generated-files.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Style } from "../base/colors.ts";

/** One sign per action, as in terraform. */
const SIGN: Record<Action, string> = {
  create: "+",
  update: "~",
  merge: "~",
  markers: "~",
  delete: "-",
  conflict: "!",
  orphan: "=",
  gone: "=",
  keep: "=",
  same: "=",
};

const WORD: Record<Action, string> = {
  create: "to create",
  update: "to update",
  merge: "to merge with your edits",
  markers: "to write with conflict markers",
  delete: "to delete",
  conflict: "in conflict",
  keep: "kept as yours",
  orphan: "kept though no longer generated",
  gone: "deleted by you",
  same: "unchanged",
};

/** One line for each change, and a line of counts. */
export function changesText(changes: readonly Change[], style: Style): string {
  return [...changeLines(changes, style), countsText(changes)].join("\n");
}

function changeLines(changes: readonly Change[], style: Style): string[] {
  return changes
    .filter(({ action }) => action !== "same")
    .map(({ path, action, reason }) => {
      return `  ${sign(action, style)} ${path}${reason === undefined ? "" : style.dim(`  (${printable(reason)})`)}`;
    });
}

/** Like changesText, but new files are listed by folder, because there are many. */
export function changesInShort(
  changes: readonly Change[],
  style: Style,
): string {
  const created = changes.filter(({ action }) => action === "create");
  const others = changes.filter(({ action }) => action !== "create");
  // Further lines are indented to the paths of the first.
  const paths = new Set(created.map(({ path }) => inShort(path)));
  const lines = inFolders([...paths]).flatMap((words) =>
    setAt(4, words.join(" "), 78)
      .split("\n")
      .map((line, index) =>
        index === 0 ? `  ${sign("create", style)} ${line}` : line,
      ),
  );
  return [...lines, ...changeLines(others, style), countsText(changes)].join(
    "\n",
  );
}

/** The files of the server program are the same in every repository: their folder stands for them. */
const inShort = (path: string): string =>
  path.startsWith(PROGRAM_FOLDER) ? PROGRAM_FOLDER : path;

/** A file alone in its folder is listed by its path; others after the folder that they share. */
function inFolders(paths: readonly string[]): string[][] {
  const alone: string[] = [];
  const together: string[][] = [];
  for (const top of new Set(paths.map(topOf))) {
    const inside = paths.filter((path) => topOf(path) === top);
    const shared = sharedFolder(inside);
    if (shared === "" || inside.length === 1) alone.push(...inside);
    else
      together.push([
        `${shared}:`,
        ...inside.map((path) => path.slice(shared.length)),
      ]);
  }
  return [alone, ...together].filter((words) => words.length > 0);
}

/** `scripts/` of `scripts/kong_ipv6/plan.py`; nothing of a file at the top. */
const topOf = (path: string): string => path.slice(0, path.indexOf("/") + 1);

function sharedFolder([first = "", ...others]: readonly string[]): string {
  let folder = first.slice(0, first.lastIndexOf("/") + 1);
  while (!others.every((path) => path.startsWith(folder)))
    folder = folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1);
  return folder;
}

/** `Plan: 2 to create, …`, always in the same order, in lines of at most 80 columns. */
export function countsText(changes: readonly Change[]): string {
  const words = changes.map(wordOf);
  const counts = [...Object.values(WORD), ELSEWHERE].flatMap((word) => {
    const count = words.filter((other) => other === word).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const text = `Plan: ${counts.join(", ") || "nothing"}.`;
  return filled(text.split(/(?<=,) /)).join("\n  ");
}

/** .env is not in git, so a clone never had one. */
const ELSEWHERE = "not in this copy";

const wordOf = ({ action, path }: Change): string =>
  action === "gone" && path === SECRET_FILE ? ELSEWHERE : WORD[action];

export const sign = (action: Action, style: Style): string =>
  paintOf(action, style)(SIGN[action]);

function paintOf(action: Action, style: Style): (text: string) => string {
  if (action === "create") return style.green;
  if (action === "conflict" || action === "delete") return style.red;
  return SIGN[action] === "~" ? style.yellow : style.dim;
}

/** How many changes there are of each kind that occurs. */
export function summary(
  changes: readonly Change[],
): Partial<Record<Action, number>> {
  const counts: Partial<Record<Action, number>> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Whether a change has a difference to show. */
export const differs = ({ action }: Change): boolean =>
  WRITING.has(action) || action === "conflict";
