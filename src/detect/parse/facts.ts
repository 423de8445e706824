import { FailedError } from "../../base/errors.ts";
import { readNetplan, readUfw, type NetplanFile } from "./configuration.ts";
import {
  readDaemonJson,
  readDocker,
  type DaemonJson,
  type Docker,
} from "./docker.ts";
import { parseJson } from "./json.ts";
import {
  readAddresses,
  readNeighbours,
  readRoutes,
  type Address,
  type Link,
  type Neighbour,
  type Route,
} from "./network.ts";
import { filesOf, readParts, type Part, type ServerFile } from "./parts.ts";

/** The facts of a server, as plain data. */
export interface Facts {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  /** The kernel has no IPv6, or it is disabled. */
  readonly ipv6Off: boolean;
  /** Which of netplan, ufw, docker and ndppd are installed. */
  readonly programs: readonly string[];
  readonly netplan: readonly NetplanFile[];
  readonly networkd: readonly ServerFile[];
  readonly networkManager: readonly ServerFile[];
  /** Whether ufw is enabled; undefined if that is unknown. */
  readonly ufw: boolean | undefined;
  readonly docker: Docker;
  readonly daemonJson: DaemonJson | undefined;
}

/**
 * Parses the output of the probe strictly. Nothing in it is ever run.
 * @param place where the probe ran, for messages
 * @throws FailedError if there is no `ip`, or it does not print JSON
 */
export async function readFacts(
  output: string,
  marker: string,
  place: string,
): Promise<Facts> {
  const parts = readParts(output, marker);
  const only = (name: string): Part | undefined => parts.get(name)?.[0];
  const { links, addresses } = readAddresses(
    listed(only("address"), "address", place),
  );
  const ipv6Off = isOff(only("ipv6-off"));
  // On a kernel without IPv6 these commands fail.
  const listed6 = (name: string, object: string): unknown =>
    ipv6Off && only(name)?.status !== 0
      ? []
      : listed(only(name), object, place);
  const six = readRoutes(6, listed6("route6", "route"));
  const four = readRoutes(4, listed(only("route4"), "route", place));
  return {
    links,
    addresses,
    routes: [...six, ...four],
    neighbours: readNeighbours(listed6("neighbour6", "neighbour")),
    ipv6Off,
    programs: (only("programs")?.text ?? "").split("\n"),
    netplan: await Promise.all(filesOf(parts, "netplan").map(readNetplan)),
    networkd: filesOf(parts, "networkd"),
    networkManager: filesOf(parts, "networkmanager"),
    ufw: readUfw(filesOf(parts, "ufw")[0]),
    docker: readDocker(only("engine"), only("networks")),
    daemonJson: readDaemonJson(filesOf(parts, "daemon-json")[0]),
  };
}

/** disable_ipv6 is 1, or does not exist because the kernel was started with ipv6.disable=1. */
function isOff(part: Part | undefined): boolean {
  return part?.status !== undefined && part.text.trim() !== "0";
}

/** The output of `ip -j`. Before iproute2 5.0 an empty list is printed as nothing. */
function listed(
  part: Part | undefined,
  object: string,
  place: string,
): unknown {
  if (part?.status === 127) {
    throw new FailedError(
      `${place} has no ip command`,
      "Install iproute2 (apt-get install iproute2), or read another server with --ssh user@host.",
    );
  }
  if (part?.status === undefined) {
    throw new FailedError(
      `The output of ${place} ends in the middle of its ${object} list`,
      "Try again.",
    );
  }
  const list = part.text.trim() === "" ? [] : parseJson(part.text);
  if (part.status === 0 && Array.isArray(list)) return list;
  const said = part.text.trim().split("\n")[0]?.slice(0, 160) ?? "";
  throw new FailedError(
    `\`ip -j ${object} show\` on ${place} does not print JSON (${said})`,
    "It needs iproute2 4.14 or newer; the ip of BusyBox is not enough.",
  );
}
