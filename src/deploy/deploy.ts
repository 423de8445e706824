import { CancelledError } from "../base/errors.ts";
import { counted } from "../base/wrap.ts";
import { applyLines } from "./apply.ts";
import { conclude } from "./conclude.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { copy, type Copied } from "./copy.ts";
import type { Deployment, DeployOutcome } from "./deployment.ts";
import {
  applyCommand,
  discardCommand,
  installCommand,
  previewCommand,
} from "./on-server.ts";
import { row, type ApplyEnd } from "./row.ts";

/**
 * Copies the repository to the server and applies it there, so that the server reverts the change unless
 * a new connection and the probe succeed.
 * @throws FailedError if the server can't be reached, or something fails before the first change
 */
export async function deploy(deployment: Deployment): Promise<DeployOutcome> {
  const { say } = deployment;
  const connection = await connect(deployment, deployment.logins);
  try {
    say(row("connect", "ok", connection.target));
    const copied = await copy(deployment, connection);
    const planned = await preview(deployment, connection);
    const isSame =
      planned.outcome === "unchanged" && copied.changed.length === 0;
    if (planned.outcome === "refused" || planned.code === 1) {
      await discard(deployment, connection);
      return planned.outcome === "refused" ? "refused" : "failed";
    }
    if (isSame || deployment.dryRun) {
      await discard(deployment, connection);
      return isSame ? "unchanged" : "planned";
    }
    if (!(await deployment.consent())) {
      await discard(deployment, connection);
      throw new CancelledError();
    }
    await connection.must(installCommand(deployment.path), "the copy");
    say(row("copy", "ok", installed(deployment, copied)));
    const applied = await apply(deployment, connection);
    return await conclude(deployment, connection, applied);
  } finally {
    await connection.endHelper();
    await connection.close();
  }
}

/** What the copy did; PATH.previous has what was there before. */
const installed = (
  { path }: Deployment,
  { changed, isFirst }: Copied,
): string =>
  isFirst
    ? `${counted(changed.length, "file")} in ${path}`
    : `${counted(changed.length, "file")} in ${path}; as they were before: ${path}.previous`;

const discard = (
  { path }: Deployment,
  connection: Connection,
): Promise<unknown> => connection.run(discardCommand(path));

/** What apply.sh would change. */
const preview = (
  deployment: Deployment,
  connection: Connection,
): Promise<ApplyEnd> =>
  applyLines(deployment, connection, previewCommand(deployment.path));

const apply = (
  deployment: Deployment,
  connection: Connection,
): Promise<ApplyEnd> =>
  applyLines(
    deployment,
    connection,
    applyCommand(
      deployment.path,
      "--json",
      "--confirm-within",
      String(deployment.confirmWithin),
    ),
  );
