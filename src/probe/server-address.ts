import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { parseAddress } from "../ip/address.ts";
import { isPublic4 } from "../ip/special-ranges.ts";

/**
 * The server's public IPv4 address, if the answers don't say it: that of the host that ssh goes to, or
 * else that of the domain.
 * @param names a login (USER@HOST) for ssh, and the domain
 * @returns undefined if neither has one, or more than one
 */
export async function serverIpv4(
  names: readonly { readonly login?: string; readonly domain?: string }[],
): Promise<string | undefined> {
  for (const { login, domain } of names) {
    const name = login === undefined ? domain : await sshHost(login);
    if (name === undefined) continue;
    const found = await lookup(name, { family: 4, all: true }).catch(() => []);
    const open = found
      .map(({ address }) => address)
      .filter((address) => isIP(address) === 4)
      .filter((address) => isPublic4(parseAddress(4, address)));
    if (open.length === 1) return open[0];
  }
  return undefined;
}

/** The host that ssh connects to, by the owner's ssh configuration. `ssh -G` connects to nothing. */
export function sshHost(login: string): Promise<string> {
  const written = login.replace(/^.*@/, "").replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve) => {
    execFile("ssh", ["-G", "--", login], { timeout: 5000 }, (error, stdout) =>
      resolve(
        (error ? undefined : /^hostname (\S+)$/m.exec(stdout)?.[1]) ?? written,
      ),
    );
  });
}
