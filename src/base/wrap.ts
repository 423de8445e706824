/** Words set into lines of at most `width` columns, each line behind `indent`; no word is broken. */
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

/** A text whose first word stands at a column already: its further lines begin there too. */
export function setAt(column: number, text: string, width: number): string {
  if (width === Infinity) return text;
  const indent = " ".repeat(column);
  return text
    .split("\n")
    .flatMap((line) => filled(line.split(" "), { indent, width }))
    .join("\n")
    .slice(column);
}
