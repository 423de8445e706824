import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { alignTables } from "../../../scripts/markdown-table.ts";
import type { Probe } from "../lab/outside.ts";

/** Writes docs/renumbering.md: what a client outside saw while a server went from phase to phase. */

const REPORT = fileURLToPath(
  new URL("../../../docs/renumbering.md", import.meta.url),
);

/** The requests to one address during one change. */
export interface Measured {
  server: string;
  phase: string;
  address: string;
  sent: number;
  failed: number;
  /** Between two answers, in milliseconds. */
  gap: number;
}

/** from: an address that doesn't answer at the beginning counts from its first answer on. */
export function measured(
  server: string,
  phase: string,
  address: string,
  probe: Probe,
  fromFirstAnswer: boolean,
): Measured {
  const since = fromFirstAnswer ? probe.firstAnswer(0)! : 0;
  const beats = probe.beats.filter(({ sent }) => sent >= since);
  const failed = beats.filter(({ received }) => received === null).length;
  const gap = Math.round(probe.longestGap);
  return { server, phase, address, sent: beats.length, failed, gap };
}

export async function writeRenumbering(
  results: readonly Measured[],
): Promise<void> {
  const servers = [...new Set(results.map(({ server }) => server))];
  const today = new Date().toISOString().slice(0, 10);
  const chapters = servers.map((server) => {
    const rows = results
      .filter((row) => row.server === server)
      .map(
        ({ phase, address, sent, failed, gap }) =>
          `| ${phase} | ${address} | ${sent} | ${failed} | ${gap} ms |`,
      );
    const head = "| change | requests to | sent | failed | longest gap |";
    return `\n## ${server}\n\n${[head, "|---|---|---|---|---|", ...rows].join("\n")}\n`;
  });
  await writeFile(
    REPORT,
    alignTables(`${TEXT}\nMeasured on ${today}.\n${chapters.join("")}`),
  );
}

const TEXT = `# Renumbering, request by request

A client outside requested Kong's old and new address and the server's IPv4 every 20 ms, each on a connection of its
own, while \`apply.sh\` took the server from phase to phase ([usage.md](usage.md)). A request failed if no answer came within
three seconds. The new address counts from its first answer on; the old one as long as it is meant to answer.

The lab writes this file: \`LAB_WRITE_DOCS=1 npx vitest run --config vitest.lab.config.ts test/e2e/server/overlap.lab.test.ts\`.
It runs a stand-in for Kong on booted Debian hosts ([test/e2e/lab/README.md](../test/e2e/lab/README.md)).
The test also asserts:

- No request is lost, and both addresses answer after the change to the overlap.
- Downloads that run through that change complete.
- A second \`apply.sh\` in each phase changes nothing; after a reboot in the overlap both addresses answer.
- After \`regenerate --finish\` and \`apply.sh\` the old address doesn't answer, and nothing of the old prefix is left on the
  server: addresses, routes, rules, tables, networks, files and neighbor entries.
- \`rollback.sh\` in the overlap restores the original state.

On the way to the overlap and back, Kong's container gets another address and is recreated. Meanwhile a second Kong
answers, which \`apply.sh\` starts from the same image and removes again. Open responses get a minute to end, and ten
seconds with \`deploy\`, whose timer is running. The end of an overlap recreates no container.
`;
