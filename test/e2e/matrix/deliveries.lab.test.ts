import { beforeAll, expect, test } from "vitest";
import { rootsOf } from "../lab/roots.ts";
import { atATime } from "./at-a-time.ts";
import { type Cell, nameOf } from "./cells.ts";
import { deployed, type Failed } from "./delivered.ts";
import { DELIVERIES } from "./deliveries.ts";

/**
 * Kong is reached and nothing else, also after a reboot, and rollback.sh restores the server, whatever the provider
 * delivers. LAB_CELLS="tunnel" tests only the cells with that in their name.
 */

const titleOf = (cell: Cell): string =>
  `${nameOf(cell)}: ${cell.unlike!.words}`;
const chosen = DELIVERIES.filter((cell) =>
  titleOf(cell).includes(process.env["LAB_CELLS"] ?? ""),
);
const results = new Map<Cell, Failed[] | Error>();

beforeAll(async () => {
  await rootsOf();
  await atATime(2, chosen, async (cell) => {
    results.set(cell, await deployed(cell).catch((error: Error) => error));
  });
}, 30 * 60_000);

for (const cell of chosen)
  test(titleOf(cell), () => {
    const failed = results.get(cell);
    if (failed instanceof Error) throw failed;
    expect(failed).toEqual([]);
  });
