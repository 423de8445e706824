import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Plan } from "../plan/plan.ts";
import { contains, parseAddress, subnetAt } from "../ip/address.ts";
import { isUla } from "../ip/special-ranges.ts";
import { attempt } from "../base/errors.ts";

/**
 * Where this machine is, as seen by one version of IP:
 * - outside: what it sees is what the world sees
 * - link: on the server's link; the provider's router and firewall are not in between
 * - server: the server itself
 * - private: it has only a private IPv6 address, which may lead nowhere
 * - none: it has no route
 */
export type Place = "outside" | "link" | "server" | "private" | "none";

/** The address that this machine sends from, for each address that is tested; undefined without a route. */
export type Sources = ReadonlyMap<string, string | undefined>;

/** Asks the kernel for the source address to each address. Nothing is sent. */
export async function sourcesTo(
  addresses: readonly (readonly [address: string, version: 4 | 6])[],
): Promise<Sources> {
  const found = addresses.map(
    async ([address, version]) =>
      [address, await sourceTo(address, version)] as const,
  );
  return new Map(await Promise.all(found));
}

/** connect(2) of a UDP socket looks up the route and sends nothing. */
async function sourceTo(
  address: string,
  version: 4 | 6,
): Promise<string | undefined> {
  if (isIP(address) === 0) return undefined;
  const { createSocket } = await import("node:dgram");
  return await new Promise((resolve) => {
    const socket = createSocket(version === 4 ? "udp4" : "udp6");
    socket.on("error", () => {
      resolve(undefined);
      socket.close();
    });
    socket.on("connect", () => {
      resolve(socket.address().address);
      socket.close();
    });
    socket.connect(9, address);
  });
}

/**
 * Where this machine is.
 * @param sources those of this version of IP
 * @param own all addresses of this machine
 */
export function placeOf(
  version: 4 | 6,
  plan: Plan,
  sources: readonly (string | undefined)[],
  own: readonly string[] = ownAddresses(),
): Place {
  const { host, prefix, exposed, ipv4 } = plan.numbers;
  // During an overlap, the server has two addresses, each on its link.
  const previous = plan.previous?.host;
  const old = previous && parseAddress(6, previous.address);
  const numbers = (v: 4 | 6): bigint[] =>
    own.flatMap((text) => attempt(() => parseAddress(v, text)) ?? []);
  const of6 = numbers(6);
  const isServers = (one: bigint): boolean =>
    one === host?.address || one === old || contains(exposed.subnet, one);
  if (of6.some(isServers)) return "server";
  if (ipv4 && numbers(4).includes(ipv4.address)) return "server";
  if (sources.every((source) => source === undefined)) return "none";
  if (version === 4) return "outside";
  // The link of a host that is kept is known only if the prefix is on it.
  const link = host ? subnetAt(6, host.address, host.length) : prefix;
  const isKnown = host !== undefined || !plan.routed;
  const links = [
    ...(isKnown ? [link] : []),
    ...(previous
      ? [subnetAt(6, parseAddress(6, previous.address), previous.length)]
      : []),
  ];
  if (of6.some((one) => links.some((each) => contains(each, one))))
    return "link";
  const isPrivate = sources.every(
    (source) =>
      source === undefined || isUla(subnetAt(6, parseAddress(6, source), 128)),
  );
  return isPrivate ? "private" : "outside";
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address);

/** One or two sentences. */
export function meaningOf(ipv6: Place, ipv4: Place): string {
  if (ipv6 === "server")
    return "This is the server itself: its packets to itself never leave it, so the test proves nothing. Run it on another machine.";
  const meaning6: Readonly<Record<Place, string>> = {
    outside: "IPv6 is tested as the world sees it.",
    link: "This machine is on the server's link: the provider's router and firewall are not in between, so the test proves little about IPv6. Run it in another network.",
    private:
      "This machine has only a private IPv6 address, and nothing answered it: IPv6 is not tested. Run it on a machine with public IPv6.",
    none: "This machine has no IPv6: IPv6 is not tested. Run it on a machine with IPv6.",
    server: "",
  };
  return ipv4 === "none"
    ? `${meaning6[ipv6]} IPv4 is not tested: there is no route to it.`
    : meaning6[ipv6];
}
