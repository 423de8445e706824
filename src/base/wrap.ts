/** Wraps words into lines of at most `width` columns, each with an indent. No word is broken. */
export function filled(
  words: readonly string[],
  { indent = "", width = 80 } = {},
): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines;
}

/**
 * Wraps a text that is printed from a column on: its further lines start at the same column. An indented
 * line is a command, which stays in one piece.
 */
export function setAt(column: number, text: string, width: number): string {
  if (width === Infinity) return text;
  const indent = " ".repeat(column);
  return text
    .split("\n")
    .flatMap((line) =>
      line.startsWith("  ")
        ? [indent + line]
        : filled(line.split(" "), { indent, width }),
    )
    .join("\n")
    .slice(column);
}

/** `1 file`, `2 files`. */
export const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? "" : "s"}`;
