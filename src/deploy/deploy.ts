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
  holdPath,
  installCommand,
  previewCommand,
} from "./on-server.ts";
import { row, type ApplyEnd, type Row } from "./row.ts";

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
    if (copied === undefined) return "refused";
    const planned = await preview(deployment, connection, copied);
    const isSame =
      planned.outcome === "unchanged" && copied.changed.length === 0;
    // 0 and 4: there is a plan, without or with changes. A lost connection is none.
    if (planned.code !== 0 && planned.code !== 4) {
      await discard(deployment, connection, copied);
      return planned.outcome === "refused" ? "refused" : "failed";
    }
    if (isSame || deployment.dryRun) {
      await discard(deployment, connection, copied);
      return isSame ? "unchanged" : "planned";
    }
    if (!(await deployment.consent())) {
      await discard(deployment, connection, copied);
      throw new CancelledError();
    }
    const applied = await apply(deployment, connection, copied);
    return await conclude(deployment, connection, applied, copied.digest);
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
  { digest }: Copied,
): Promise<unknown> => connection.run(discardCommand(path, digest));

/** What apply.sh would change, or why it would refuse. */
const preview = (
  deployment: Deployment,
  connection: Connection,
  { digest }: Copied,
): Promise<ApplyEnd> => {
  const { path, confirmWithin } = deployment;
  const command = previewCommand(path, digest, confirmWithin);
  // It runs in PATH.new, which is PATH once it is applied.
  const placed = (text: string): string =>
    text.replaceAll(`${path}.new`, () => path);
  const say = ({ remedy, ...rest }: Row): void =>
    deployment.say({
      ...rest,
      detail: placed(rest.detail),
      ...(remedy !== undefined && { remedy: placed(remedy) }),
    });
  return applyLines({ say }, connection, command);
};

/** Puts the copy into its place and applies it, in one command: nothing can come between. */
function apply(
  deployment: Deployment,
  connection: Connection,
  copied: Copied,
): Promise<ApplyEnd> {
  const { path, confirmWithin } = deployment;
  const { digest } = copied;
  const install = installCommand(path, {
    digest,
    installed: installed(deployment, copied),
  });
  const within = ["--confirm-within", String(confirmWithin)];
  const command = applyCommand(path, "--json", ...within);
  // The plan has been shown.
  const say = (line: Row): void => {
    if (line.status !== "planned") deployment.say(line);
  };
  return applyLines(
    { say },
    connection,
    `${holdPath(path)}\n${install} && ${command}`,
  );
}
