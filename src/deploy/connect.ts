import { FailedError } from "../base/errors.ts";
import { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";

/**
 * Tries the logins one after the other.
 * @param helper of an earlier connection, whose sudo asked for a password
 * @throws FailedError of the first one if none works; it names the others too
 */
export async function connect(
  { terminal, hostKeyOf }: Deployment,
  [first, ...others]: readonly [string, ...string[]],
  helper?: string,
): Promise<Connection> {
  const own = helper === undefined ? {} : { helper };
  try {
    return await Connection.open(first, terminal, own);
  } catch (error) {
    if (!(error instanceof FailedError)) throw error;
    const hostKey = others.length > 0 ? await hostKeyOf(first) : "";
    for (const login of others) {
      const opened = await Connection.open(login, terminal, {
        ...own,
        hostKey,
      }).catch((failure: unknown) => {
        if (!(failure instanceof FailedError)) throw failure;
      });
      if (opened) return opened;
    }
    if (others.length === 0) throw error;
    throw new FailedError(
      `${error.message}. Earlier addresses did not work either: ${others.join(", ")}`,
      error.remedy,
      { cause: error },
    );
  }
}
