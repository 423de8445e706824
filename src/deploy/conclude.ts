import { setTimeout as sleep } from "node:timers/promises";
import { FailedError } from "../base/errors.ts";
import { applyLines } from "./apply.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import type { Deployment, DeployOutcome } from "./deployment.ts";
import { applyCommand } from "./on-server.ts";
import { row, type ApplyEnd } from "./row.ts";

/** After apply.sh: confirms the change if the server can be reached and everything is as promised. */
export async function conclude(
  deployment: Deployment,
  connection: Connection,
  applied: ApplyEnd,
): Promise<DeployOutcome> {
  const { say, confirmWithin } = deployment;
  const since = Date.now();
  if (applied.outcome === "unchanged")
    return applied.code === 0 ? "unchanged" : "failed";
  if (applied.outcome === "reverted") return "reverted";
  if (applied.outcome === "refused") return "refused";
  if (applied.outcome === "lost")
    say(row("connect", "warn", "the connection broke while apply.sh ran"));
  else if (applied.left === undefined) return "failed";
  const deadline = since + (applied.left ?? confirmWithin) * 1000;
  const again = await reconnect(deployment, connection, deadline);
  if (again === undefined) return await reverting(deployment, deadline);
  try {
    say(row("reconnect", "ok", again.target));
    const isGood =
      (applied.outcome === "lost" || applied.code === 0) &&
      (await isAsPromised(deployment, deadline));
    const ended = await finish(deployment, again, isGood, deadline);
    return ended.outcome === "confirmed" && isGood
      ? "confirmed"
      : ended.outcome === "reverted"
        ? "reverted"
        : await reverting(deployment, deadline);
  } finally {
    await again.close();
  }
}

/** A new connection, at the address after the change. @returns undefined if there is none in time */
async function reconnect(
  deployment: Deployment,
  { target, helper }: Connection,
  deadline: number,
): Promise<Connection | undefined> {
  const others = deployment.logins.filter((login) => login !== target);
  for (;;) {
    try {
      return await connect(deployment, [target, ...others], helper);
    } catch (error) {
      if (!(error instanceof FailedError)) throw error;
      if (Date.now() + 2000 > deadline) {
        deployment.say(row("reconnect", "fail", error.message, error.remedy));
        return undefined;
      }
      await sleep(1000);
    }
  }
}

/** Probes, again if something is wrong and there is time: a neighbor cache may need a moment. */
async function isAsPromised(
  { probe, keep, say }: Deployment,
  deadline: number,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const { results, from } = await probe();
    const wrong = results.filter(({ ok }) => ok === false);
    if (wrong.length > 0 && attempt < 3 && Date.now() + 30_000 < deadline) {
      await sleep(2000);
      continue;
    }
    for (const { address, port, seen, service, expected } of wrong)
      say(
        row(
          "probe",
          "fail",
          `${service} on ${address} port ${port}: ${seen}, expected: ${expected}`,
        ),
      );
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

/** Confirms, or reverts at once. A run of apply.sh that goes on without its connection is waited for. */
async function finish(
  deployment: Deployment,
  connection: Connection,
  isGood: boolean,
  deadline: number,
): Promise<ApplyEnd> {
  const flag = isGood ? "--confirm" : "--revert";
  const command = applyCommand(deployment.path, flag, "--json");
  for (;;) {
    const quiet = { ...deployment, say: () => undefined };
    const isLast = Date.now() + 3000 > deadline;
    const ended = await applyLines(
      isLast ? deployment : quiet,
      connection,
      command,
    );
    const status = ended.code === 0 ? "ok" : "fail";
    if (ended.code === 0 || isLast) {
      deployment.say(row(flag.slice(2), status, ended.outcome));
      return ended;
    }
    await sleep(1000);
  }
}

/** The server reverts by itself at the deadline. */
async function reverting(
  { say, path }: Deployment,
  deadline: number,
): Promise<DeployOutcome> {
  const seconds = Math.max(0, Math.round((deadline - Date.now()) / 1000));
  say(
    row(
      "revert",
      "note",
      `not confirmed: the server reverts the change by itself in ${seconds} seconds`,
      `To see it there: journalctl -u kong-ipv6-revert, and ${path}/scripts/verify.sh`,
    ),
  );
  return "reverted";
}
