import type { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";
import { isEnd, readLine, row, type ApplyEnd } from "./row.ts";

/**
 * Runs apply.sh, reports its rows as they come, and returns how it ended. "lost": it did not say that, because
 * the connection broke (code 255), or because it was killed.
 */
export async function applyLines(
  { say }: Pick<Deployment, "say">,
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
  const said = stderr.trim().split("\n").at(-1) ?? "";
  if (code === 255) say(row("connect", "warn", lost(said)));
  else
    say(row("apply.sh", "failed", said || `it ended with exit code ${code}`));
  return { outcome: "lost", code: code ?? 1, left: undefined };
}

const lost = (said: string): string =>
  `the connection broke while apply.sh ran${said && `: ${said}`}`;
