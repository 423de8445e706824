import { attempt, UnusableError } from "../base/errors.ts";
import { formatAddress, parseAddress } from "../ip/address.ts";
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
  const literal = ([6, 4] as const).flatMap((version) => {
    const address = attempt(() => parseAddress(version, host));
    return address === undefined ? [] : formatAddress(version, address);
  })[0];
  const plans = [present, ...previous];
  const addresses = [
    plans.flatMap(({ host: own }) => own?.address ?? []),
    plans.map(({ ipv4 }) => ipv4.address).filter(Boolean),
  ].find((texts) => texts.some((text) => text === literal));
  // A change that was never deployed may lie between.
  const others = [...new Set(addresses)]
    .slice(0, 3)
    .filter((address) => address !== literal)
    .map((address) => ssh.slice(0, at) + address);
  return [ssh, ...others];
}
