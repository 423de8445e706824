import { setTimeout as sleep } from "node:timers/promises";
import { commandLine } from "../base/program.ts";
import type { Deployment } from "./deployment.ts";
import { row } from "./row.ts";

/** Probes, again if something is wrong and there is time: a neighbor cache may need a moment. */
export async function isAsPromised(
  { directory, probe, keep, say }: Deployment,
  deadline: number,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const { results, from, oldIsDead } = await probe();
    const wrong = results.filter(({ ok }) => ok === false);
    if (
      wrong.length > 0 &&
      attempt < 3 &&
      performance.now() + 30_000 < deadline
    ) {
      await sleep(2000);
      continue;
    }
    for (const one of wrong) {
      const { address, port, seen, service, expected } = one;
      const text = `${service} on ${address} port ${port}: ${seen}, expected: ${expected}`;
      say(
        row(
          "probe",
          "fail",
          text,
          oldIsDead && one === wrong.at(-1) ? endOverlap(directory) : undefined,
        ),
      );
    }
    if (wrong.length === 0) {
      const tested = results.filter(({ ok }) => ok === true).length;
      const status = tested === results.length ? "ok" : "warn";
      const text = `${tested} of ${results.length} tests are as promised. ${from.meaning}`;
      say(row("probe", status, text));
      return true;
    }
    if (keep) say(row("probe", "note", "--keep: the change is confirmed"));
    return keep;
  }
}

const endOverlap = (directory: string): string =>
  `If the old addresses no longer work, end the overlap: ${commandLine("regenerate", directory, "--finish")}`;
