import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { alignTables } from "../../../scripts/markdown-table.ts";
import { describeRoot, GENERATIONS, type Root } from "../lab/roots.ts";
import { type Cell, CELLS, headingOf } from "./cells.ts";
import { type Finding, type Findings, ROWS } from "./promises.ts";

/** Reads and writes docs/reachability.md: the findings of this run and of the last one. */
export const REPORT = fileURLToPath(
  new URL("../../../docs/reachability.md", import.meta.url),
);

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
    `${summary(roots, value)}${METHOD}${roots.map((root) => chapter(root, value)).join("")}`,
  );
}

type Value = (cell: Cell, title: string, id?: string) => string;

/** What the tables say, in ten lines. */
export function summary(roots: readonly Root[], value: Value): string {
  const engines = roots.map(({ versions }) => versions.docker.split("+")[0]);
  const measured = (id: string): string[] =>
    CELLS.map((cell) => value(cell, ROWS[id]!.title, id)).filter(
      (text) => text !== "-",
    );
  /** On how many servers all of these promises are kept. */
  const on = (...ids: string[]): string => {
    const all = Math.max(...ids.map((id) => measured(id).length));
    const kept = Math.min(
      ...ids.map(
        (id) =>
          measured(id).filter((text) => text === ROWS[id]!.promise).length,
      ),
    );
    return `${kept} of ${all} servers`;
  };
  const most = (id: string): string =>
    `${Math.max(...measured(id).map(Number.parseFloat)).toFixed(1)} s`;
  return `# What can be reached from outside

Measured on ${CELLS.length} freshly booted Debian servers with Docker ${engines.slice(0, -1).join(", ")} and ${engines.at(-1)}, with on-link and routed
prefixes, with ufw on and off. A client behind the provider's router tested each server.

- **Reached** (${on("six80", "six443", "four80", "four443")}): Kong's ports 80 and 443, on its own IPv6 address and on the server's IPv4.
- **The client's address** (${on("client6", "client4")}) is what Kong sees.
- **Outgoing connections** of Kong (${on("outgoing")}) leave with Kong's own IPv6 address.
- **Closed** (${on("kongPrivate", "six", "four", "sixWeb")}): the admin API, the database, and Kong on the server's own IPv6 address.
- **Closed** (${on("internal", "neighbour", "docker0")}): other containers and internal addresses, even for a client with a route to them.
- **A second \`apply.sh\`** (${on("unchanged", "lost")}) changes nothing and loses no request.
- **An open connection** to the server (${on("standing")}) survives \`apply.sh\`.
- **After power on** Kong answers over IPv6 within ${most("boot")}; after a restart of Docker within ${most("restart")}.
- **\`rollback.sh\`** (${on("etc", "rest")}) restores /etc byte for byte, and the addresses, routes, firewall rules and Docker networks.
`;
}

const METHOD = `
## Method

The lab writes this file ([test/e2e/lab/README.md](../test/e2e/lab/README.md)):
\`LAB_WRITE_DOCS=1 npx vitest run --config vitest.lab.config.ts test/e2e/matrix/matrix.lab.test.ts\`. Each column below is one
server. The repository was generated and copied there, and \`scripts/apply.sh\` was run. \`npm run test:lab\` asserts every
value, and fails if this file says something else.

- A stand-in for Kong answers, because the network path is under test and not Kong.
- Docker 27 and 29 are in no Debian suite. 27.5.1 and 29.7.2 were built from source and measured once, by hand; their recorded answers are in the unit tests (test/server/fixtures/engine).
- All servers share one machine with two cores, two at a time, with other work on it. So the seconds are only a rough guide.
- The distribution's own netplan file configures the server's IPv4. Other differences from a usual server are listed
  before each table.
- The server's IPv4 was tested every 20 ms. systemd 252 removes an address for about 15 ms on every \`netplan apply\`.
- "closed" means: no connection was established, the server's uplink saw every attempt, and if a program was listening, it
  answered on the server itself.
- A dash means: not measured in this column.
`;

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
