/**
 * Pads the columns of Markdown tables as prettier does, so that values of any length leave the text
 * prettier-clean. Cells hold ASCII and no escaped pipes.
 */
export function alignTables(markdown: string): string {
  return markdown.replace(/(?:^\|.*\|\n)+/gm, (table) => {
    const rows = table
      .trimEnd()
      .split("\n")
      .map((row) =>
        row
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(
        3,
        ...rows.map((row, index) =>
          index === 1 ? 3 : (row[column] ?? "").length,
        ),
      ),
    );
    const line = (row: readonly string[], index: number): string =>
      widths
        .map((width, column) =>
          index === 1 ? "-".repeat(width) : (row[column] ?? "").padEnd(width),
        )
        .join(" | ");
    return rows.map((row, index) => `| ${line(row, index)} |\n`).join("");
  });
}
