import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { alignTables } from "../../../src/base/markdown-table.ts";
import { describeRoot, GENERATIONS, type Root } from "../lab/roots.ts";
import { type Cell, CELLS, headingOf } from "./cells.ts";
import { type Finding, type Findings, ROWS } from "./promises.ts";

/** Reads and writes docs/reachability.md: the findings of this run and of the last one. */
export const REPORT = new URL("../../../docs/reachability.md", import.meta.url)
  .pathname;

/** A cell that could not be measured has the error instead. */
export type Results = Map<Cell, Findings | Error>;

/** A column that was not measured in this run keeps its previous text. */
export async function writeReport(
  results: Results,
  roots: readonly Root[],
): Promise<void> {
  const before = await readReport();
  const today = new Date().toISOString().slice(0, 10);
  const value = (cell: Cell, title: string, id?: string): string => {
    const findings = results.get(cell);
    if (findings === undefined) return before(cell, title) ?? "-";
    if (id === undefined) return today;
    return findings instanceof Error ? "FAILED" : printed(findings.get(id));
  };
  await mkdir(dirname(REPORT), { recursive: true });
  await writeFile(
    REPORT,
    `${INTRODUCTION}${roots.map((root) => chapter(root, value)).join("")}`,
  );
}

const INTRODUCTION = `# What is reached from outside

Written by the lab ([test/lab/README.md](../test/lab/README.md)):
\`LAB_WRITE_DOCS=1 npx vitest run --config vitest.lab.config.ts test/e2e/matrix/matrix.lab.test.ts\`. Each column is a freshly
booted server; the repository was generated and copied there, \`scripts/apply.sh\` was run, and a client behind the
provider's router looked. Every value is an assertion of \`npm run test:lab\`, which also fails where this file says
otherwise.

The gateway is a stand-in: Kong is not under test here, its network path is. Engines 27 and 29 are in no Debian suite:
what is promised there rests on reading their sources. All servers share one machine of two cores, two of them at a time,
with other work on it: seconds say that something comes back, and roughly how soon. A dash: not measured in this column.

Everywhere the server's IPv4 is configured by the distribution's own netplan file; what else is unlike most servers stands
before the table. The server's IPv4 was asked every 20 ms; systemd 252 takes an address away for some 15 ms whenever its
netplan is applied.

"closed" means three things: no connection stood, the server's uplink saw each attempt, and where something was listening
it answered on the server itself.
`;

type Value = (cell: Cell, title: string, id?: string) => string;

function chapter(root: Root, value: Value): string {
  const cells = CELLS.filter(
    ({ generation }) => generation === root.generation,
  );
  const unlike = cells.flatMap((cell) =>
    cell.unlike ? [`- ${headingOf(cell)}: ${cell.unlike.words}`] : [],
  );
  const head = ["", ...cells.map(headingOf)].map(bar).join("");
  const rule = "| --- ".repeat(cells.length + 1);
  const line = (title: string, id?: string): string =>
    [title, ...cells.map((cell) => value(cell, title, id))].map(bar).join("");
  const lines = [
    line("measured on"),
    ...Object.entries(ROWS).map(([id, { title }]) => line(title, id)),
  ];
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

export const printed = (finding: Finding | undefined): string =>
  finding === undefined
    ? "-"
    : typeof finding.value === "number"
      ? `${finding.value.toFixed(finding.value < 0.1 ? 2 : 1)} s`
      : finding.value;

/** The values of the report, by column and row title. */
export async function readReport(): Promise<
  (cell: Cell, title: string) => string | undefined
> {
  const text = await readFile(REPORT, "utf8").catch(() => "");
  const said = new Map<string, string>();
  for (const generation of GENERATIONS) {
    const part = text.split(`\n## ${generation}\n`)[1]?.split("\n## ")[0] ?? "";
    const [heads, , ...rows] = part
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((one) => one.trim()),
      );
    for (const [title, ...values] of rows)
      values.forEach((value, column) =>
        said.set(`${generation} ${heads![column + 1]} ${title}`, value),
      );
  }
  return (cell, title) =>
    said.get(`${cell.generation} ${headingOf(cell)} ${title}`);
}
