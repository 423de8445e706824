import { loginAt } from "../answers/carry-over.ts";
import { UnusableError } from "../base/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { parseAddress } from "../ip/address.ts";
import { attempt } from "../base/errors.ts";

/**
 * The logins that may reach the server, the likeliest first. The server may have the address of earlier
 * answers until this deploy, and another one afterwards.
 * @param ssh --ssh, or the remembered answer; none
 * @throws UnusableError if there is none
 */
export function loginsOf(
  ssh: string,
  present: Plan,
  previous: readonly Plan[],
): [string, ...string[]] {
  if (ssh === "none")
    throw new UnusableError([
      {
        flag: "--ssh",
        reason: "it is missing, and no login is remembered",
        remedy: "Give the server's login, like root@server.example.com",
      },
    ]);
  const at = ssh.lastIndexOf("@") + 1;
  const host = ssh.slice(at).replace(/^\[(.*)\]$/, "$1");
  const isLiteral = attempt(() => parseAddress(6, host)) !== undefined;
  if (!isLiteral) return [ssh];
  const plans = [present, ...previous];
  const known = plans.find(
    ({ numbers }) => loginAt(ssh, numbers.host.address) !== undefined,
  );
  if (known === undefined) return [ssh];
  const others = [present, ...previous.slice(0, 1)]
    .map((plan) => ssh.slice(0, at) + plan.host.address)
    .filter((login) => login !== ssh.slice(0, at) + host);
  return [ssh, ...new Set(others)];
}
