const START = "<<<<<<< yours";
const MIDDLE = "=======";
export const END = ">>>>>>> create-kong-ipv6";

/** Lines of both sides between git's conflict markers. */
export const marked = (
  yours: readonly string[],
  generated: readonly string[],
): string[] => [START, ...yours, MIDDLE, ...generated, END];

/**
 * Whether a text has conflict markers. One of our own is enough. Markers of other programs count only
 * if the text has both a start and an end marker.
 */
export function hasMarkers(text: string): boolean {
  return (
    new RegExp(`^(${START}|${END})\\r?$`, "m").test(text) ||
    (/^<{7} /m.test(text) && /^>{7} /m.test(text))
  );
}

const HUNK = new RegExp(
  `^${START}\\r?\\n(?:[^]*?\\n)??${MIDDLE}\\r?\\n([^]*?)${END}\\r?(?:\\n|$)`,
  "gm",
);

/** A text with our markers, resolved: the generated side of each, and how many there were. */
export function generatedSide(text: string): { text: string; hunks: number } {
  let hunks = 0;
  const resolved = text.replace(HUNK, (_, generated: string) => {
    hunks += 1;
    return generated;
  });
  return { text: resolved, hunks };
}
