import { setTimeout as sleep } from "node:timers/promises";
import { applyLines } from "./apply.ts";
import type { Connection } from "./connection.ts";
import type { Deployment, DeployOutcome } from "./deployment.ts";
import { applyCommand, verifyCommand } from "./on-server.ts";
import { isAsPromised } from "./promised.ts";
import { Reached, type ChangeState } from "./reached.ts";
import { row, type ApplyEnd, type Row } from "./row.ts";

/** How often --confirm or --revert is tried. */
const ATTEMPTS = 3;

/**
 * After apply.sh: confirms the change if the server can be reached and everything is as promised. Where a
 * reply is lost, the server is asked what became of the change.
 * @param digest identifies the change on the server
 */
export async function conclude(
  deployment: Deployment,
  connection: Connection,
  applied: ApplyEnd,
  digest: string,
): Promise<DeployOutcome> {
  const { outcome, code, left } = applied;
  if (outcome === "unchanged") return code === 0 ? "unchanged" : "failed";
  if (outcome === "reverted" || outcome === "refused") return outcome;
  if (outcome !== "lost" && left === undefined) return "failed";
  const server = new Reached(deployment, connection, digest);
  try {
    return await decide(deployment, server, applied);
  } finally {
    await server.close();
  }
}

/** Confirms or reverts the change, unless the server has done that. */
async function decide(
  deployment: Deployment,
  server: Reached,
  applied: ApplyEnd,
): Promise<DeployOutcome> {
  const { say } = deployment;
  const deadline = performance.now() + (applied.left ?? 0) * 1000;
  let isGood: boolean | undefined;
  let rows: Row[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const state = await server.state();
    if (state === "confirmed" || state === "reverted") {
      say(row("apply.sh", "note", `the server says: the change is ${state}`));
      return state;
    }
    if (state !== "waiting" && state !== "incomplete")
      return notKnown(deployment, state);
    if (state === "waiting" && isGood === undefined) {
      const verified = await verifyCode(deployment, server, applied);
      if (verified === 255) continue;
      isGood = verified === 0 && (await isAsPromised(deployment, deadline));
    }
    const flag = isGood && state === "waiting" ? "--confirm" : "--revert";
    const command = applyCommand(deployment.path, flag, "--json");
    rows = [];
    const quiet = { say: (one: Row) => void rows.push(one) };
    const ended = await applyLines(quiet, server.connection, command);
    if (ended.outcome === "confirmed" || ended.outcome === "reverted") {
      rows.forEach(say);
      return ended.outcome;
    }
    await sleep(1000);
  }
  rows.forEach(say);
  return notKnown(deployment, "none");
}

/** apply.sh ends with verify.sh; 255: the connection broke. */
async function verifyCode(
  { path }: Deployment,
  { connection }: Reached,
  { outcome, code }: ApplyEnd,
): Promise<number | null> {
  if (outcome !== "lost") return code;
  return (await connection.run(verifyCommand(path))).code;
}

/** The server can't be asked, or its answer says neither. */
function notKnown(
  { say, path }: Deployment,
  state: ChangeState,
): DeployOutcome {
  const text =
    state === "unreachable"
      ? "the server can't be reached, so it is not known whether the change is reverted"
      : "the change is not confirmed, and the server does not say that it is reverted";
  const remedy = `To see it there: sudo ${path}/scripts/apply.sh --dry-run, and journalctl -u kong-ipv6-revert`;
  say(row("apply.sh", "failed", text, remedy));
  return "failed";
}
