import { alongside, type Meeting } from "./hunks.ts";
import { merge, type Merged } from "./three-way.ts";
import { alignTables } from "../base/markdown-table.ts";

/** The texts of one merge, all with the same line ends. */
export interface Sides {
  /** As it is on the disk. */
  readonly disk: string;
  /** The same, its values followed: line for line what disk has. */
  readonly yours: string;
  readonly base: string;
  readonly generated: string;
}

/**
 * Merges Markdown. A value of another length changes the padding of a whole table: where the plain
 * merge ends in a conflict, tables that all sides have are merged by their cells instead, and padded
 * again. Anything that isn't a plain GFM table on all sides stays with the plain merge.
 */
export function mergeMarkdown(sides: Sides): Merged {
  const { yours, base, generated } = sides;
  const plain = merge(yours, base, generated);
  if (!plain.conflicts) return plain;
  const tables = mergeTables(sides);
  return tables ?? merge(yours, base, generated, settle);
}

/** Of what both sides put in the same place all stays: rows of a table, records of a zone. */
const settle = (meeting: Meeting): string[] | undefined =>
  alongside(meeting, (line) => isRow(line) || isRecord(line));

/** RFC 1035 5.1: name, TTL, class and type. */
const isRecord = (line: string): boolean =>
  /^\S+\s+(\d+\s+)?IN\s+[A-Z]+\s/.test(line);

/** undefined where that leaves a conflict, or takes a table away. */
function mergeTables(sides: Sides): Merged | undefined {
  const { disk, yours, base, generated } = sides;
  const [written, ours] = [read(disk), read(yours)];
  const [was, now] = [read(base), read(generated)];
  const headers = [...ours.tables.keys()].filter(
    (header) =>
      was.tables.has(header) &&
      now.tables.has(header) &&
      (isAligned(written, ours, header) || isAsWas(ours, was, header)),
  );
  const bare = (side: Side): string => withoutPadding(side, headers);
  const merged = merge(bare(ours), bare(was), bare(now), settle);
  if (merged.conflicts) return undefined;
  const result = read(merged.text);
  for (const header of headers) {
    if (!result.tables.has(header)) return undefined;
    // With rows only taken away, the padding is the generated one's, wide or not.
    const rows =
      isAligned(written, ours, header) &&
      !(isAsWas(ours, was, header) && hasNoOwn(ours, was, header))
        ? padded(rowsOf(result, header))
        : asWritten(result, header, [now, ours]);
    result.lines.splice(tableOf(result, header).start, rows.length, ...rows);
  }
  return { text: result.lines.join("\n"), conflicts: false };
}

interface Side {
  readonly lines: string[];
  /** By header; none that occurs twice. */
  readonly tables: ReadonlyMap<string, Table>;
}

interface Table {
  /** Of its header, counted from 0. */
  readonly start: number;
  /** How many lines it has. */
  readonly length: number;
}

/** GFM 4.10: a header, a delimiter row, and rows of as many cells, here all between pipes. */
function read(text: string): Side {
  const lines = text.split("\n");
  const tables = new Map<string, Table>();
  const twice = new Set<string>();
  for (let start = 0; start < lines.length; start += 1) {
    let end = start;
    while (isRow(lines[end])) end += 1;
    const rows = lines.slice(start, end).map(cellsOf);
    const [header = []] = rows;
    const proper =
      rows.length > 1 &&
      // A second such row would be one of cells that hold dashes.
      rows.every((cells, index) => isDelimiter(cells) === (index === 1)) &&
      rows.every((cells) => cells.length === header.length);
    const name = header.join("|");
    if (tables.has(name)) twice.add(name);
    if (proper) tables.set(name, { start, length: rows.length });
    start = Math.max(start, end - 1);
  }
  twice.forEach((name) => tables.delete(name));
  return { lines, tables };
}

/** An escaped pipe is none between cells: such a line is left alone. */
const isRow = (line: string | undefined): boolean =>
  line !== undefined && /^\|.*\|\r?$/.test(line) && !line.includes("\\|");

const cellsOf = (line: string): string[] =>
  line
    .trimEnd()
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());

const tableOf = ({ tables }: Side, header: string): Table =>
  tables.get(header) as Table;

const rowsOf = (side: Side, header: string): string[] => {
  const { start, length } = tableOf(side, header);
  return side.lines.slice(start, start + length);
};

/** A row by its cells alone. */
const bareRow = (line: string): string => {
  const cells = cellsOf(line);
  const bare = isDelimiter(cells)
    ? cells.map((cell) => cell.replace(/-+/, "---"))
    : cells;
  return `| ${bare.join(" | ")} |${line.endsWith("\r") ? "\r" : ""}`;
};

const isDelimiter = (cells: readonly string[]): boolean =>
  cells.every((cell) => /^:?-+:?$/.test(cell));

function withoutPadding(side: Side, headers: readonly string[]): string {
  const lines = [...side.lines];
  for (const header of headers) {
    const { start, length } = tableOf(side, header);
    for (let at = start; at < start + length; at += 1)
      lines[at] = bareRow(lines[at] as string);
  }
  return lines.join("\n");
}

/** Whether all of the table on the disk is padded, the owner's rows too: it stays so. */
function isAligned(written: Side, ours: Side, header: string): boolean {
  const { start, length } = tableOf(ours, header);
  const rows = written.lines.slice(start, start + length);
  return padded(rows).join("\n") === rows.join("\n");
}

/** Whether the rows that the owner left alone are padded as they were generated. */
function isAsWas(ours: Side, was: Side, header: string): boolean {
  const known = new Map(rowsOf(was, header).map((row) => [bareRow(row), row]));
  return rowsOf(ours, header).every(
    (row) => (known.get(bareRow(row)) ?? row) === row,
  );
}

function hasNoOwn(ours: Side, was: Side, header: string): boolean {
  const known = new Set(rowsOf(was, header).map(bareRow));
  return rowsOf(ours, header).every((row) => known.has(bareRow(row)));
}

function padded(rows: readonly string[]): string[] {
  const text = rows.map((row) => `${row.replace(/\r$/, "")}\n`).join("");
  return alignTables(text)
    .trimEnd()
    .split("\n")
    .map((row, index) => (rows[index]?.endsWith("\r") ? `${row}\r` : row));
}

/** Each row as the first of the sides that has it writes it; of equal rows the second as its second. */
function asWritten(
  merged: Side,
  header: string,
  sides: readonly Side[],
): string[] {
  const written = sides.map((side) => {
    const rows = new Map<string, string[]>();
    for (const row of rowsOf(side, header)) {
      const equal = rows.get(bareRow(row));
      if (equal) equal.push(row);
      else rows.set(bareRow(row), [row]);
    }
    return rows;
  });
  return rowsOf(merged, header).map((row) => {
    const bare = bareRow(row);
    const equal = written.find((rows) => rows.has(bare))?.get(bare) ?? [row];
    // The last one serves for all that follow.
    return (equal.length > 1 ? equal.shift() : equal[0]) as string;
  });
}
