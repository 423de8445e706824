import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { bring, facts, journal, openCell, rolledBack, timed } from "./cell.ts";
import { type Cell, KONG } from "./cells.ts";
import { type Finding, type Findings, kept, ROWS } from "./promises.ts";
import {
  addNeighbours,
  closed,
  reached,
  removeNeighbours,
  type Site,
} from "./reach.ts";

/** What is not as promised, and when. */
export type Failed = [when: string, row: string, finding: Finding];

/** Deploys a cell's repository, reboots the server and rolls it back. Returns what is not as promised. */
export async function deployed(cell: Cell): Promise<Failed[]> {
  const lab = await openCell(cell);
  const failed: Failed[] = [];
  const check = (when: string, findings: Findings): void =>
    findings.forEach((one, id) => {
      const row = ROWS[id];
      if (row && !kept(row, one, SLOWEST)) failed.push([when, row.title, one]);
    });
  const at = siteOf(cell);
  try {
    await bring(cell, lab);
    if (cell.unlike?.answers?.["host"] === "keep") await lab.host.sh(SETTLED);
    const before = await facts(lab);
    await timed(lab, "apply.sh");
    await addNeighbours(lab);
    check("applied", await reached(lab, at));
    check("applied", await closed(lab, at));
    await lab.host.powerOff();
    await lab.topology.flushNeighbours();
    await lab.host.powerOn();
    await answers(lab, at.kong);
    check("after a reboot", await reached(lab, at));
    check("after a reboot", await closed(lab, at));
    const again = await timed(lab, "apply.sh");
    if (!again.detail?.startsWith("Nothing to change."))
      failed.push(["after a reboot", "apply.sh", again]);
    await removeNeighbours(lab);
    check("rolled back", await rolledBack(lab, before));
    return failed;
  } catch (error) {
    throw new Error(`${String(error)}\n${await journal(lab)}`, {
      cause: error,
    });
  } finally {
    await lab.close();
  }
}

/** How long a program takes is measured in the matrix. */
const SLOWEST = 10;

/** The server has an address and a default route of its own. */
const SETTLED = `timeout 20 sh -c '
until ip -6 route show default | grep -q . && ip -6 -o address show scope global -tentative | grep -qv docker0
do sleep 0.1; done'`;

const siteOf = ({ unlike }: Cell): Site => ({
  kong: (unlike?.answers?.["kong"] as string | undefined) ?? KONG,
  uplink:
    (unlike?.answers?.["interface"] as string | undefined) ??
    unlike?.topology?.interface ??
    "ens3",
});

/** Waits for Kong's first answer. */
async function answers({ topology }: Lab, kong: string): Promise<void> {
  const end = Date.now() + 90_000;
  while (Date.now() < end)
    if (await seenBy(topology.client, `http://[${kong}]`)) return;
  throw new Error("Kong does not answer after the reboot");
}
