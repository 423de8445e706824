import { loginAt } from "../answers/carry-over.ts";
import { attempt, UnusableError } from "../base/errors.ts";
import { parseAddress } from "../ip/address.ts";
import type { Plan } from "../plan/plan.ts";

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
  const addresses = [present, ...previous].flatMap((plan) => plan.host ?? []);
  const isPlanned = addresses.some(
    ({ address }) => loginAt(ssh, parseAddress(6, address)) !== undefined,
  );
  if (!isPlanned) return [ssh];
  // A change that was never deployed may lie between.
  const others = [...new Set(addresses.map(({ address }) => address))]
    .slice(0, 3)
    .filter((address) => address !== host)
    .map((address) => ssh.slice(0, at) + address);
  return [ssh, ...others];
}
