import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { contains, parseAddress } from "../ip/address.ts";
import { isPublic4 } from "../ip/special-ranges.ts";
import type { Plan } from "../plan/plan.ts";
import type { ServerAddresses } from "./expectations.ts";

/**
 * The server's public addresses that the answers don't say: those of the host that ssh goes to, and the
 * IPv4 address of the domain.
 * @param login USER@HOST, for ssh; undefined if there is none
 */
export async function serverAddresses(
  plan: Plan,
  login: string | undefined,
  domain: string | undefined,
): Promise<ServerAddresses> {
  const { host, ipv4, numbers } = plan;
  const host4 = ipv4.published && ipv4.address === "";
  const name =
    login !== undefined && (host === null || host4)
      ? await sshHost(login)
      : undefined;
  const isOwn = (address: string): boolean =>
    !contains(numbers.exposed.subnet, parseAddress(6, address));
  const found6 = host === null ? await only(name, 6, isOwn) : undefined;
  const isOpen = (address: string): boolean =>
    isPublic4(parseAddress(4, address));
  const found4 = host4
    ? ((await only(name, 4, isOpen)) ?? (await only(domain, 4, isOpen)))
    : undefined;
  return {
    ...(found6 !== undefined && { ipv6: found6 }),
    ...(found4 !== undefined && { ipv4: found4 }),
  };
}

/** The address of a name, if exactly one is usable. */
async function only(
  name: string | undefined,
  family: 4 | 6,
  isUsable: (address: string) => boolean,
): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const found = await lookup(name, { family, all: true }).catch(() => []);
  const usable = found
    .map(({ address }) => address)
    .filter((address) => isIP(address) === family && isUsable(address));
  return usable.length === 1 ? usable[0] : undefined;
}

/** The host that ssh connects to, by the owner's ssh configuration. */
const sshHost = async (login: string): Promise<string> =>
  settingIn(await sshConfig(login), "hostname") ?? writtenHost(login);

/** The name that the host key of a login has in known_hosts. */
export const hostKeyOf = async (login: string): Promise<string> =>
  hostKeyIn(await sshConfig(login), login);

/** As hostKeyOf(). @param config what `ssh -G` prints */
export function hostKeyIn(config: string, login: string): string {
  const alias = settingIn(config, "hostkeyalias");
  if (alias !== undefined) return alias;
  const host = settingIn(config, "hostname") ?? writtenHost(login);
  const port = settingIn(config, "port") ?? "22";
  return port === "22" ? host : `[${host}]:${port}`;
}

const writtenHost = (login: string): string =>
  login.replace(/^.*@/, "").replace(/^\[(.*)\]$/, "$1");

const settingIn = (config: string, key: string): string | undefined =>
  new RegExp(`^${key} (\\S+)$`, "m").exec(config)?.[1];

/** `ssh -G` connects to nothing. @returns "" if it fails */
const sshConfig = (login: string): Promise<string> =>
  new Promise((resolve) => {
    execFile("ssh", ["-G", "--", login], { timeout: 5000 }, (error, stdout) =>
      resolve(error ? "" : stdout),
    );
  });
