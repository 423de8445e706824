import { beforeAll, describe, expect, test } from "vitest";
import { rootsOf } from "../lab/roots.ts";
import { atATime } from "./at-a-time.ts";
import { measure } from "./cell.ts";
import { type Cell, CELLS, headingOf, nameOf } from "./cells.ts";
import { slowness } from "./machine.ts";
import { kept, ROWS } from "./promises.ts";
import { printed, readReport, type Results, writeReport } from "./report.ts";

/**
 * Three Debian generations × ufw on and off × three ways to Kong's address. Each cell is one server. All are measured
 * first, two at a time. Then each value is compared with the promise and with docs/reachability.md.
 *
 * Limits in seconds grow with the slowness of the machine (machine.ts).
 *
 * LAB_CELLS="trixie" measures only the cells with that in their name; LAB_WRITE_DOCS=1 writes their columns of
 * docs/reachability.md.
 */

const chosen = CELLS.filter((cell) =>
  nameOf(cell).includes(process.env["LAB_CELLS"] ?? ""),
);
const writes = process.env["LAB_WRITE_DOCS"] === "1";
const results: Results = new Map();
const slower = slowness();

beforeAll(async () => {
  const roots = await rootsOf();
  // Start the slowest cells first.
  const queue = chosen.toSorted((a, b) => Number(b.life) - Number(a.life));
  await atATime(2, queue, async (cell) => {
    results.set(cell, await measured(cell));
  });
  if (writes) await writeReport(results, roots);
}, 60 * 60_000);

async function measured(cell: Cell) {
  const begun = Date.now();
  const findings = await measure(cell).catch((error: Error) => error);
  const took = ((Date.now() - begun) / 1000).toFixed(0);
  console.log(`${nameOf(cell)} (${took} s)\n${lines(findings)}`);
  return findings;
}

const lines = (
  findings: Awaited<ReturnType<typeof measure>> | Error,
): string =>
  findings instanceof Error
    ? findings.message
    : [...findings]
        .map(([id, one]) => `  ${ROWS[id]!.title}: ${printed(one)}`)
        .join("\n");

for (const cell of chosen)
  describe(`${cell.generation}: ${headingOf(cell)}`, () => {
    for (const [id, row] of Object.entries(ROWS)) {
      if (row.life && !cell.life) continue;
      if (row.exposes && !cell.exposes) continue;
      if (id === "ndppd" && cell.ndp !== "ndppd") continue;
      test(`${row.title}: ${typeof row.promise === "number" ? `${row.promise} s at most` : row.promise}`, async () => {
        const findings = results.get(cell);
        if (findings instanceof Error) throw findings;
        const finding = findings?.get(id);
        expect(finding, "not measured").toBeDefined();
        expect(
          kept(row, finding!, slower),
          `${printed(finding)}, on a machine ${slower.toFixed(1)} times slower\n${finding!.detail}`,
        ).toBe(true);
        const said = (await readReport())(cell, row.title);
        if (typeof finding!.value === "number")
          expect(said, "docs/reachability.md").toMatch(/^\d+\.\d+ s$/);
        else expect(said, "docs/reachability.md").toBe(finding!.value);
      });
    }
  });
