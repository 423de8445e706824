import { FailedError } from "../base/errors.ts";
import { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";

/** Tries the logins one after the other. @throws FailedError of the first one if none works */
export async function connect(
  { terminal, hostKeyOf }: Deployment,
  [first, ...others]: readonly [string, ...string[]],
): Promise<Connection> {
  try {
    return await Connection.open(first, terminal);
  } catch (error) {
    if (!(error instanceof FailedError)) throw error;
    const hostKey = others.length > 0 ? await hostKeyOf(first) : undefined;
    for (const login of others) {
      const opened = await Connection.open(login, terminal, hostKey).catch(
        (failure: unknown) => {
          if (!(failure instanceof FailedError)) throw failure;
        },
      );
      if (opened) return opened;
    }
    throw error;
  }
}
