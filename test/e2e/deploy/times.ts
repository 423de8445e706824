import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { alignTables } from "../../../scripts/markdown-table.ts";

const REPORT = fileURLToPath(
  new URL("../../../docs/deploy.md", import.meta.url),
);

/** @returns how long it took, in seconds */
export async function seconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/** For each row the seconds of deploy, and of apply.sh alone. */
export type Times = Readonly<Record<string, readonly [number, number]>>;

/** Writes the last chapter of docs/deploy.md. */
export async function writeTimes(server: string, times: Times): Promise<void> {
  const before = (await readFile(REPORT, "utf8")).split("\n## Times\n")[0]!;
  const rows = Object.entries(times).map(
    ([name, both]) =>
      `| ${name} | ${both.map((one) => `${one.toFixed(1)} s`).join(" | ")} |`,
  );
  const today = new Date().toISOString().slice(0, 10);
  const table = ["| | deploy | apply.sh alone |", "|---|---|---|", ...rows];
  await writeFile(
    REPORT,
    alignTables(
      `${before}\n## Times\n\n${TEXT} Measured on ${today}, ${server}.\n\n${table.join("\n")}\n`,
    ),
  );
}

const TEXT = `The lab writes this chapter ([test/e2e/lab/README.md](../test/e2e/lab/README.md)):
\`LAB_WRITE_DOCS=1 npx vitest run --config vitest.lab.config.ts test/e2e/deploy/deploy.lab.test.ts\`.
deploy logs in, copies, makes the plan, runs \`apply.sh\`, connects again and probes. The images are there already.`;
