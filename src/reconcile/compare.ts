import { entryAt, type Disk, type DiskEntry } from "../repository/disk.ts";
import { sumOf, sumOfText } from "../repository/state.ts";
import { generatedFile } from "../render/generated-files.ts";
import type { File, Tree } from "../render/render.ts";
import { redactSecrets } from "../render/secrets.ts";
import { FOREIGN, type Base, type Change } from "./change.ts";
import { decide } from "./decide.ts";

/**
 * Compares base, disk and rendered, file by file. Nothing is read or written but by the programs
 * that check the syntax of a merged file (merge/syntax.ts); no conflict is resolved.
 */
export async function compare(
  rendered: Tree,
  disk: Disk,
  bases: ReadonlyMap<string, Base> = new Map(),
): Promise<Change[]> {
  const moved = renamed(rendered, bases);
  const changes: Change[] = [];
  for (const [path, file] of rendered) {
    const from = moved.get(path);
    const base = bases.get(from ?? path);
    const entry = entryAt(disk, from ?? path);
    const change = withMarks(await decide(path, base, entry, file), base, file);
    changes.push(
      ...(from === undefined || base === undefined
        ? [change]
        : rename(change, from, base, disk)),
    );
  }
  const old = new Set(moved.values());
  const left = [...bases].filter(
    ([path]) => !rendered.has(path) && !old.has(path),
  );
  return [
    ...changes,
    ...left.flatMap(([path, base]) => leave(path, base, entryAt(disk, path))),
  ];
}

/** Marks the owner's own addresses in a file that is kept or merged. A generated file has none. */
function withMarks(
  change: Change,
  base: Base | undefined,
  rendered: File,
): Change {
  const { action, before } = change;
  const result = action === "keep" ? before : change.after;
  if (!["same", "merge", "keep"].includes(action) || !before || !result)
    return change;
  if (sumOfText(result.text) === sumOf(rendered)) return change;
  const owned = base?.ownedAfter?.(before.text, result.text, rendered.text);
  return owned ? { ...change, owned } : change;
}

/** New path → old path, for a file whose path has the uplink's name. */
function renamed(
  rendered: Tree,
  bases: ReadonlyMap<string, Base>,
): Map<string, string> {
  const removed = [...bases.keys()].filter((path) => !rendered.has(path));
  const added = [...rendered.keys()].filter((path) => !bases.has(path));
  const pairs = added.flatMap((path): [string, string][] => {
    const row = generatedFile(path);
    const twins = removed.filter((old) => generatedFile(old) === row);
    return twins.length === 1 ? [[path, twins[0] as string]] : [];
  });
  return new Map(pairs);
}

function rename(
  change: Change,
  from: string,
  base: Base,
  disk: Disk,
): Change[] {
  const { path, before, after, action } = change;
  const there = entryAt(disk, path);
  if (there.kind !== "absent") {
    // The owner's file at the new path is never overwritten.
    const conflict = { path, after, before: null, reason: FOREIGN };
    const mine = there.kind === "file" ? there : null;
    const kept: Change[] = [
      { ...conflict, action: "keep", before: mine },
      ...leave(from, base, entryAt(disk, from)),
    ];
    return [{ ...conflict, action: "conflict", from, kept }];
  }
  if (before === null || action === "conflict") return [{ ...change, from }];
  const text =
    action === "keep" || action === "same" ? before : (after as File);
  return movedTo(path, from, before, text);
}

/** A file whose path changes: created at the new path, deleted at the old one. */
export function movedTo(
  path: string,
  from: string,
  before: File,
  after: File,
): [created: Change, deleted: Change] {
  const reason = `is ${path} now`;
  return [
    { path, action: "create", before: null, after, from },
    { path: from, action: "delete", before, after: null, reason },
  ];
}

/** A file that is no longer generated: deleted, unless the owner edited it. */
function leave(path: string, base: Base, entry: DiskEntry): Change[] {
  if (entry.kind === "absent") return [];
  const reason = "no longer generated";
  if (entry.kind === "other") {
    const why = `${reason}; ${entry.what}`;
    return [{ path, action: "orphan", before: null, after: null, reason: why }];
  }
  const text = redactSecrets(path, entry.text);
  const before = { text, mode: entry.mode };
  if (sumOfText(text.replaceAll("\r\n", "\n")) === base.sha256)
    return [{ path, action: "delete", before, after: null, reason }];
  const why = `${reason}; you edited it`;
  return [{ path, action: "orphan", before, after: null, reason: why }];
}
