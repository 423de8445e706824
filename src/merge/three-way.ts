import { diff3Merge } from "node-diff3";
import { END, marked } from "./conflict-markers.ts";
import type { Hunk } from "./hunks.ts";

export interface Merged {
  readonly text: string;
  /** Whether text holds conflict markers. */
  readonly conflicts: boolean;
}

type Resolve = (hunk: Hunk) => readonly string[] | undefined;

/**
 * Merges line by line what both sides changed in the base. The same change on both sides is not
 * a conflict. All three texts have the same line ends.
 * @param resolve the result for lines that both sides changed; undefined for a conflict
 */
export function merge(
  yours: string,
  base: string,
  generated: string,
  resolve: Resolve,
): Merged {
  const sides = [lines(yours), lines(base), lines(generated)] as const;
  const { head, tail } = commonEnds(sides);
  const middles = sides.map((side) => side.slice(head, side.length - tail));
  const middle = mergeLines(middles, resolve);
  const best = middle.conflicts ? mergeShifted(sides, resolve) : undefined;
  const merged = best ?? [
    ...sides[1].slice(0, head),
    ...middle.lines,
    ...sides[1].slice(sides[1].length - tail),
  ];
  const conflicts = middle.conflicts && best === undefined;
  // A marker ends its line, also the last.
  const end = merged.at(-1) === END ? "\n" : "";
  return { text: merged.join("\n") + end, conflicts };
}

const reversed = (side: readonly string[]): string[] => [...side].reverse();

/**
 * Between equal lines, such as blank ones, a diff may place a change further up or further down. This
 * compares the whole texts from the start, then from the end: a conflict in only one of them is none.
 * @returns undefined for a conflict in both
 */
function mergeShifted(
  sides: readonly (readonly string[])[],
  resolve: Resolve,
): string[] | undefined {
  const down = mergeLines(sides, resolve);
  if (!down.conflicts) return down.lines;
  const up = mergeLines(sides.map(reversed), ({ yours, base, generated }) => {
    const resolved = resolve({
      yours: reversed(yours),
      base: reversed(base),
      generated: reversed(generated),
    });
    return resolved && reversed(resolved);
  });
  return up.conflicts ? undefined : reversed(up.lines);
}

/** The merged lines, with markers around conflicts. */
function mergeLines(
  [yours = [], base = [], generated = []]: readonly (readonly string[])[],
  resolve: Resolve,
): { lines: string[]; conflicts: boolean } {
  const regions = diff3Merge([...yours], [...base], [...generated], {
    excludeFalseConflicts: true,
  });
  let conflicts = false;
  const merged = regions.flatMap((region) => {
    if (region.ok) return region.ok;
    const { a = [], o = [], b = [] } = region.conflict ?? {};
    const resolved = resolve({ yours: a, base: o, generated: b });
    if (resolved !== undefined) return resolved;
    conflicts = true;
    return marked(a, b);
  });
  return { lines: merged, conflicts };
}

/** How many lines at the start and the end are equal on all sides: most of a file, which needs no diff. */
function commonEnds(sides: readonly (readonly string[])[]): {
  head: number;
  tail: number;
} {
  const [one = [], ...others] = sides;
  const shortest = Math.min(...sides.map(({ length }) => length));
  let head = 0;
  while (head < shortest && others.every((side) => side[head] === one[head]))
    head += 1;
  let tail = 0;
  while (
    tail < shortest - head &&
    others.every((side) => side.at(-1 - tail) === one.at(-1 - tail))
  )
    tail += 1;
  return { head, tail };
}

/** A final line end gives an empty last line, so whether there is one merges like a line. */
const lines = (text: string): string[] => text.split("\n");
