import type { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";
import { isEnd, readLine, row, type ApplyEnd } from "./row.ts";

/** Runs apply.sh, reports its rows as they come, and returns how it ended. */
export async function applyLines(
  { say }: Deployment,
  connection: Connection,
  command: string,
): Promise<ApplyEnd> {
  let end: ApplyEnd | undefined;
  const { code, stderr } = await connection.run(command, {
    onLine: (text) => {
      const line = readLine(text);
      if (line === undefined) return;
      if (isEnd(line)) end = line;
      else say(line);
    },
  });
  if (end !== undefined) return end;
  if (code === 255) return { outcome: "lost", code: 255, left: undefined };
  const said = stderr.trim().split("\n").at(-1) ?? "";
  say(row("apply.sh", "failed", said || `it ended with exit code ${code}`));
  return { outcome: "failed", code: 1, left: undefined };
}
