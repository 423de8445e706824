import { readFile, writeFile } from "node:fs/promises";
import { alignTables } from "../../src/tables.ts";
import { describeRoot, GENERATIONS, type Root } from "../lab/roots.ts";
import { type Cell, CELLS, headingOf } from "./cells.ts";
import { type Finding, type Findings, GROUPS, type Row } from "./promises.ts";

/** docs/reachability.md: what a run of the matrix found, and what it found last time. */
export const REPORT = new URL("../../docs/reachability.md", import.meta.url)
  .pathname;

/** A cell that could not be measured at all has the error instead. */
export type Results = Map<Cell, Findings | Error>;

export async function writeReport(
  results: Results,
  roots: readonly Root[],
  minutes: number,
): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(
    REPORT,
    `# What is reached from outside

Written by a run of the lab ([test/lab/README.md](../test/lab/README.md)) on ${date}, in ${minutes.toFixed(0)} minutes:
\`LAB_WRITE_DOCS=1 npx vitest run --config vitest.lab.config.ts test/matrix\`. Each column is a freshly booted server;
the repository was generated, copied there, \`scripts/apply.sh\` was run, and a client behind the provider's router looked.
Every value is an assertion of \`npm run test:lab\`, which also fails where this file says otherwise.

The gateway is a stand-in: Kong is not under test here, its network path is. Engines 27 and 29 are in no Debian suite:
what is promised there rests on reading their sources. All hosts share two cores and one kernel: seconds are from power
on, and only good for comparing. A dash: not measured in this column.

"Closed" means three things: no connection stood, the server's uplink saw each attempt, and where something was
listening it answered on the server itself.
${roots.map((root) => chapter(root, results)).join("")}`,
  );
}

function chapter(root: Root, results: Results): string {
  const cells = CELLS.filter(
    ({ generation }) => generation === root.generation,
  );
  const unlike = cells.flatMap((cell) =>
    cell.unlike ? [`- ${headingOf(cell)}: ${cell.unlike.words}`] : [],
  );
  const head = ["", ...cells.map(headingOf)].map(bar).join("");
  const rule = "| --- ".repeat(cells.length + 1);
  const lines = GROUPS.flatMap(({ rows }) =>
    Object.entries(rows).map(([id, row]) =>
      [row.title, ...cells.map((cell) => shown(results.get(cell), id))]
        .map(bar)
        .join(""),
    ),
  );
  const table = alignTables(
    [head, rule, ...lines].map((line) => `${line} |\n`).join(""),
  );
  return `
## ${root.generation}

${describeRoot(root)}
${unlike.length > 0 ? `\n${unlike.join("\n")}\n` : ""}
${table}`;
}

const bar = (text: string) => `| ${text} `;

const shown = (findings: Findings | Error | undefined, row: string): string => {
  if (findings === undefined) return "-";
  return findings instanceof Error ? "FAILED" : printed(findings.get(row));
};

export const printed = (finding: Finding | undefined): string =>
  finding === undefined
    ? "-"
    : typeof finding.value === "number"
      ? `${finding.value.toFixed(1)} s`
      : finding.value;

/** What the report says of each column's rows: `trixie`, heading and row's title to the printed value. */
export async function readReport(): Promise<
  (cell: Cell, row: Row) => string | undefined
> {
  const text = await readFile(REPORT, "utf8").catch(() => "");
  const said = new Map<string, string>();
  for (const generation of GENERATIONS) {
    const part = text.split(`\n## ${generation}\n`)[1]?.split("\n## ")[0] ?? "";
    const rows = part
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((one) => one.trim()),
      );
    for (const [title, ...values] of rows.slice(2))
      values.forEach((value, column) =>
        said.set(`${generation} ${rows[0]![column + 1]!} ${title}`, value),
      );
  }
  return (cell, row) =>
    said.get(`${cell.generation} ${headingOf(cell)} ${row.title}`);
}
