import type { Disk, DiskEntry } from "../repository/disk.ts";
import type { Follow } from "../renumber/rewrite.ts";
import type { Owned } from "../renumber/ownership.ts";
import type { Marks } from "../repository/state.ts";
import type { Spellings } from "../repository/state.ts";
import type { File, Tree } from "../render/render.ts";
import {
  keepSecrets,
  keepVariables,
  redactSecrets,
  SECRET_FILE,
  withoutKept,
} from "../render/secrets.ts";

/** What was last generated, and how its values are followed to the new ones. */
export interface Base extends File {
  readonly follow: Follow;
  /** Brings a copy that is older than the base up to it (.env, which git doesn't carry). */
  readonly catchUp?: Follow;
  /** What of the owner's text reads like the plan's values, and is the owner's own. */
  readonly owned?: Owned;
  /** The same of the text that it becomes, next to what is generated then. */
  readonly ownedAfter?: (
    before: string,
    after: string,
    generated: string,
  ) => OwnedAfter;
}

/** What of the owner's text the state has to know. */
interface OwnedAfter {
  /** What is the owner's own though it reads like the plan's values. */
  readonly owned?: Marks;
  /** How addresses were spelled before, where that can't be told any more. */
  readonly spelled?: Spellings;
}

/**
 * - create: nothing is there
 * - same: what is there is what would be written
 * - update: the owner hasn't touched it, or has said to take the generated one
 * - merge: the owner's edits and the new text together
 * - keep: the owner's file stays: nothing new for it, or by the owner's word
 * - gone: the owner deleted it, it stays deleted
 * - delete: generated no more, and the owner hasn't touched it
 * - orphan: generated no more, but the owner edited it: it stays
 * - markers: both texts, with conflict markers, by the owner's word
 * - conflict: the owner hasn't said what to do
 */
export type Action =
  | "create"
  | "same"
  | "update"
  | "merge"
  | "keep"
  | "gone"
  | "delete"
  | "orphan"
  | "markers"
  | "conflict";

export interface Change extends OwnedAfter {
  readonly path: string;
  readonly action: Action;
  /** What is there, secrets redacted; null where there is nothing that can be shown. */
  readonly before: File | null;
  /** What shall be there; for conflict, keep and gone what would have been; null for nothing. */
  readonly after: File | null;
  /** Why, where the action alone doesn't say. */
  readonly reason?: string;
  /** Where the file was before, if its path changed. */
  readonly from?: string;
  /** For a conflict: both texts with markers; none where the file has some already. */
  readonly marked?: string;
  /** For a conflict: why the new text can't lie beside the file. */
  readonly unlaid?: string;
}

/** The actions after which the disk is another. */
export const WRITING: ReadonlySet<Action> = new Set([
  "create",
  "update",
  "merge",
  "delete",
  "markers",
]);

/**
 * Compares base, disk and what was rendered, file by file. Pure but for `bash -n` (validate.ts);
 * nothing is decided for the owner.
 */
export async function compare(
  rendered: Tree,
  disk: Disk,
  base: ReadonlyMap<string, Base> = new Map(),
): Promise<Change[]> {
  const moved = renamed(rendered, base);
  const changes: Change[] = [];
  for (const [path, after] of rendered) {
    const from = moved.get(path);
    const was = base.get(from ?? path);
    const entry = entryAt(disk, from ?? path);
    const change = withMarks(await decide(path, was, entry, after), was, after);
    changes.push(
      ...(from === undefined ? [change] : rename(change, from, disk)),
    );
  }
  const old = new Set(moved.values());
  const left = [...base].filter(
    ([path]) => !rendered.has(path) && !old.has(path),
  );
  return [
    ...changes,
    ...left.flatMap(([path, was]) => leave(path, was, entryAt(disk, path))),
  ];
}

/** What stays or is merged holds the owner's own addresses; what is as generated doesn't. */
function withMarks(
  change: Change,
  was: Base | undefined,
  { text: generated }: File,
): Change {
  const { action, before } = change;
  const result = action === "keep" ? before : change.after;
  if (!["same", "merge", "keep"].includes(action) || !before || !result)
    return change;
  if (result.text === generated) return change;
  const after = was?.ownedAfter?.(before.text, result.text, generated);
  return { ...change, ...after };
}

const entryAt = (disk: Disk, path: string): DiskEntry =>
  disk.get(path) ?? { kind: "absent" };

/** New path → old path, for a file of the same name that is generated in another directory. */
function renamed(
  rendered: Tree,
  base: ReadonlyMap<string, Base>,
): Map<string, string> {
  const name = (path: string): string | undefined => path.split("/").at(-1);
  const gone = [...base.keys()].filter((path) => !rendered.has(path));
  const come = [...rendered.keys()].filter((path) => !base.has(path));
  const pairs = come.flatMap((path): [string, string][] => {
    const twins = gone.filter((old) => name(old) === name(path));
    return twins.length === 1 ? [[path, twins[0] as string]] : [];
  });
  return new Map(pairs);
}

function rename(change: Change, from: string, disk: Disk): Change[] {
  if (entryAt(disk, change.path).kind !== "absent") {
    return [
      {
        ...change,
        action: "conflict",
        before: null,
        from,
        reason: "a file that is not ours",
      },
    ];
  }
  const { before, after, action } = change;
  if (before === null || action === "conflict") return [{ ...change, from }];
  const text =
    action === "keep" || action === "same" ? before : (after as File);
  return movedTo(change.path, from, before, text);
}

/** A file that changes its path: made at the new one, taken away at the old one. */
function movedTo(
  path: string,
  from: string,
  before: File,
  after: File,
): Change[] {
  const reason = `is ${path} now`;
  return [
    { path, action: "create", before: null, after, from },
    { path: from, action: "delete", before, after: null, reason },
  ];
}

/** The decision table: base × disk × new. */
async function decide(
  path: string,
  base: Base | undefined,
  entry: DiskEntry,
  next: File,
): Promise<Change> {
  if (entry.kind === "absent") {
    if (base === undefined)
      return { path, action: "create", before: null, after: next };
    return {
      path,
      action: "gone",
      before: null,
      after: next,
      reason: path === SECRET_FILE ? "not in this copy" : "deleted by you",
    };
  }
  if (entry.kind === "other") {
    const action = base?.text === next.text ? "keep" : "conflict";
    return { path, action, before: null, after: next, reason: entry.what };
  }
  // With Windows line ends ours get them too, and a line of another kind is the owner's edit.
  const ends = (ours: string): string =>
    isCrlf(entry.text) ? ours.replaceAll("\n", "\r\n") : ours;
  const was = base && ends(base.text);
  const now = ends(next.text);
  const redacted = redactSecrets(path, entry.text);
  const found = withoutKept(redacted);
  const yours = base?.catchUp?.(found) ?? found;
  const before: File = { text: redacted, mode: entry.mode };
  const ours = base === undefined ? yours !== now : entry.mode === base.mode;
  const mode = ours ? next.mode : entry.mode;
  const to = (text: string): File => ({ text, mode });
  const settled = (action: Action, result: string): Change => {
    const after = to(keepSecrets(result, redacted));
    const nothing = after.text === before.text && after.mode === before.mode;
    return { path, action: nothing ? "same" : action, before, after };
  };
  const conflict = (reason: string, marked?: string): Change => {
    return {
      path,
      action: "conflict",
      before,
      after: to(path === SECRET_FILE ? keepVariables(now, redacted) : now),
      reason,
      ...(marked !== undefined && { marked }),
    };
  };

  if (yours === now || yours === was) return settled("update", now);
  const followed = base?.follow(yours, base.owned) ?? yours;
  const kept = (): Change => {
    const reason = "your edits";
    return { path, action: "keep", before, after: to(found), reason };
  };
  if (was === now && followed === found && !/^[<>]{7} /m.test(yours))
    return kept();
  if (base === undefined || was === undefined) {
    const { withMarkers } = await import("../merge/conflict-markers.ts");
    return conflict("a file that is not ours", withMarkers(yours, now));
  }
  // Merging and parsing are loaded only where somebody has edited something.
  const {
    alongside,
    hasMarkers,
    merge,
    mergeMarkdown,
    unorderedIn,
    whyInvalid,
  } = await import("../merge/merging.ts");
  if (hasMarkers(yours)) return conflict("it still holds conflict markers");
  const moved = base.follow(was);
  const merged = path.endsWith(".md")
    ? mergeMarkdown({
        disk: yours,
        yours: followed,
        base: moved,
        generated: now,
      })
    : merge(followed, moved, now, (meeting) =>
        alongside(meeting, unorderedIn(path)),
      );
  const [text, had] = [merged.text, yours].map((all) =>
    all.replaceAll("\r\n", "\n"),
  ) as [string, string];
  const invalid = whyInvalid(path, text, had);
  // With nothing new to take over there is nothing to ask about; leftovers names what stays.
  if (was === now && (merged.conflicts || invalid !== undefined)) return kept();
  if (merged.conflicts)
    return conflict("your edits and the new text meet", merged.text);
  if (invalid !== undefined) return conflict(`merged, ${invalid}`, merged.text);
  return settled("merge", merged.text);
}

/** A file that is generated no more. */
function leave(path: string, base: Base, entry: DiskEntry): Change[] {
  if (entry.kind === "absent") return [];
  const reason = "no longer generated";
  if (entry.kind === "file") {
    const text = redactSecrets(path, entry.text);
    const before = { text, mode: entry.mode };
    if (text.replaceAll("\r\n", "\n") === base.text) {
      return [{ path, action: "delete", before, after: null, reason }];
    }
    return [
      {
        path,
        action: "orphan",
        before,
        after: null,
        reason: `${reason}; you edited it`,
      },
    ];
  }
  return [
    {
      path,
      action: "orphan",
      before: null,
      after: null,
      reason: `${reason}; ${entry.what}`,
    },
  ];
}

/** Windows line ends, if most lines have them. */
function isCrlf(text: string): boolean {
  const crlf = text.split("\r\n").length - 1;
  return crlf > 0 && crlf * 2 > text.split("\n").length - 1;
}

/** What the owner may say about a file in the way. */
export type Word = "keep" | "theirs" | "markers";

/**
 * Applies the owner's word to one conflict (or, for theirs, to a deleted file). What can't be
 * compared can only be kept, or is left.
 */
export function settle(change: Change, word: Word): Change[] {
  const { path, action, before, after, from } = change;
  if (action === "gone" && word === "theirs")
    return [{ ...change, action: "create" }];
  if (action !== "conflict") return [change];
  // What its markers leave open was never decided: a new text on top of it would be lost.
  const open = before !== null && change.marked === undefined;
  if (open && word !== "theirs") return [change];
  if (word === "keep") return [{ ...change, action: "keep" }];
  if (before === null || after === null) return [change];
  // The owner's mode, but never more open than what must stay private.
  const mode = isPrivate(after) ? before.mode & 0o700 : before.mode;
  const settled: Change =
    word === "theirs"
      ? { ...change, action: "update" }
      : {
          ...change,
          action: "markers",
          after: { text: change.marked ?? "", mode },
        };
  if (from === undefined) return [settled];
  const [made, gone] = movedTo(path, from, before, settled.after as File);
  return [
    { ...made, ...(word === "markers" && { action: "markers" }) },
    gone,
  ] as Change[];
}

export const isPrivate = ({ mode }: File): boolean => (mode & 0o077) === 0;
