import { diff3Merge } from "node-diff3";

export interface Merged {
  readonly text: string;
  /** Whether text holds conflict markers. */
  readonly conflicts: boolean;
}

/**
 * Merges line by line what both sides did to the base; what both did alike is no conflict.
 * All three with the same line ends (see changes.ts).
 */
export function merge(yours: string, base: string, generated: string): Merged {
  const regions = diff3Merge(lines(yours), lines(base), lines(generated), {
    excludeFalseConflicts: true,
  });
  let conflicts = false;
  const merged = regions.flatMap((region) => {
    if (region.ok) return region.ok;
    conflicts = true;
    const { a = [], b = [] } = region.conflict ?? {};
    return [`<<<<<<< yours`, ...a, "=======", ...b, ">>>>>>> create-kong-ipv6"];
  });
  // A marker ends its line, also the last.
  const end = merged.at(-1)?.startsWith(">>>>>>> ") ? "\n" : "";
  return { text: merged.join("\n") + end, conflicts };
}

/** With the empty one behind a final line end: whether there is one merges like a line. */
const lines = (text: string): string[] => text.split("\n");

/** Whether a text still holds the markers of a conflict. */
export function hasMarkers(text: string): boolean {
  return /^<{7} /m.test(text) && /^>{7} /m.test(text);
}
