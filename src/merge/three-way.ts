import { diff3Merge } from "node-diff3";
import { END, marked } from "./conflict-markers.ts";
import type { Hunk } from "./hunks.ts";

export interface Merged {
  readonly text: string;
  /** Whether text holds conflict markers. */
  readonly conflicts: boolean;
}

type Settle = (meeting: Hunk) => readonly string[] | undefined;

/**
 * Merges line by line what both sides did to the base; what both did alike is no conflict.
 * All three with the same line ends (see changes.ts).
 * @param settle what becomes of lines that both sides changed; undefined for a conflict
 */
export function merge(
  yours: string,
  base: string,
  generated: string,
  settle: Settle = () => undefined,
): Merged {
  const sides = [lines(yours), lines(base), lines(generated)] as const;
  const { head, tail } = agreed(sides);
  const middles = sides.map((side) => side.slice(head, side.length - tail));
  const middle = lineUp(middles, settle);
  const best = middle.conflicts ? slid(sides, settle) : undefined;
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
 * Between lines that are alike, as blank ones, a change may lie further up or further down: sides that
 * meet only in one of the two don't. The whole sides, lined up from their start and from their end.
 * @returns undefined where they meet in both
 */
function slid(
  sides: readonly (readonly string[])[],
  settle: Settle,
): string[] | undefined {
  const down = lineUp(sides, settle);
  if (!down.conflicts) return down.lines;
  const up = lineUp(sides.map(reversed), ({ mine, was, theirs }) => {
    const settled = settle({
      mine: reversed(mine),
      was: reversed(was),
      theirs: reversed(theirs),
    });
    return settled && reversed(settled);
  });
  return up.conflicts ? undefined : reversed(up.lines);
}

/** The lines of a merge, with markers where both sides changed the same. */
function lineUp(
  [yours = [], base = [], generated = []]: readonly (readonly string[])[],
  settle: Settle,
): { lines: string[]; conflicts: boolean } {
  const regions = diff3Merge([...yours], [...base], [...generated], {
    excludeFalseConflicts: true,
  });
  let conflicts = false;
  const merged = regions.flatMap((region) => {
    if (region.ok) return region.ok;
    const { a: mine = [], o: was = [], b: theirs = [] } = region.conflict ?? {};
    const settled = settle({ mine, was, theirs });
    if (settled !== undefined) return settled;
    conflicts = true;
    return marked(mine, theirs);
  });
  return { lines: merged, conflicts };
}

/** How many lines all sides begin and end with alike: most of a file, which no diff has to look at. */
function agreed(sides: readonly (readonly string[])[]): {
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

/** With the empty one behind a final line end: whether there is one merges like a line. */
const lines = (text: string): string[] => text.split("\n");
