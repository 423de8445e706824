import {
  contains,
  formatSubnet,
  includes,
  overlaps,
  size,
  subnetAt,
  type Subnet,
} from "../../ip/address.ts";
import type { Facts } from "../parse/facts.ts";

/** Address space in use on the server, and by what. */
export interface Taken {
  readonly subnet: Subnet;
  readonly by: string;
}

/**
 * What a new Docker network must not overlap: routes, addresses, Docker's networks and pools. The
 * repository's own networks, if they exist already, do not count.
 * @param uplink its on-link subnets contain the prefix, so only single addresses on it count
 * @param network the name of the exposed network; apply.sh replaces one of that name
 * @param prefix a bridge for virtual machines that has it too is like the uplink
 */
export function takenSubnets(
  facts: Facts,
  uplink: string,
  network: string,
  prefix: Subnet | undefined,
): Taken[] {
  const { docker, daemonJson } = facts;
  const mine = docker.networks.filter(
    ({ own, name }) => own || name === network,
  );
  // If Docker does not answer, the bridge of the exposed network is still known by its name.
  const bridges = new Set([network, ...mine.map(({ bridge }) => bridge)]);
  const links = new Set([uplink, ...linksOf(facts, prefix)]);
  const bits = (version: 4 | 6): number => (version === 4 ? 32 : 128);
  return [
    ...docker.networks
      .filter((one) => !mine.includes(one))
      .flatMap(({ name, subnets }) =>
        subnets.map((subnet) => ({ subnet, by: `Docker network ${name}` })),
      ),
    ...(daemonJson?.pools ?? []).map((subnet) => ({
      subnet,
      by: "an address pool in daemon.json",
    })),
    ...facts.routes
      .filter(
        ({ destination: { version, length }, device, gateway }) =>
          length > 0 &&
          !bridges.has(device) &&
          !(version === 6 && links.has(device) && gateway === undefined),
      )
      .map(({ destination, device }) => ({
        subnet: destination,
        by: `a route on ${device}`,
      })),
    ...facts.addresses
      .filter(({ device }) => !bridges.has(device))
      .map(({ version, value, device }) => ({
        subnet: subnetAt(version, value, bits(version)),
        by: `an address of ${device}`,
      })),
    ...facts.routes.flatMap(({ gateway, destination: { version } }) =>
      gateway === undefined
        ? []
        : [
            {
              subnet: subnetAt(version, gateway, bits(version)),
              by: "the address of a router",
            },
          ],
    ),
    ...facts.neighbours
      .filter(({ device }) => links.has(device))
      .map(({ value, device }) => ({
        subnet: subnetAt(6, value, 128),
        by: `another machine on the link of ${device}`,
      })),
  ];
}

/** The interfaces, except Docker's, whose own subnet contains the prefix. */
function linksOf(
  { addresses, docker }: Facts,
  prefix: Subnet | undefined,
): string[] {
  if (prefix === undefined) return [];
  const containers = new Set(docker.networks.map(({ bridge }) => bridge));
  return addresses
    .filter(
      ({ device, version, value, length }) =>
        version === 6 &&
        !containers.has(device) &&
        includes(subnetAt(6, value, length), prefix),
    )
    .map(({ device }) => device);
}

/** The first taken subnet that overlaps a subnet. */
export function overlapping(
  subnet: Subnet,
  taken: readonly Taken[],
): Taken | undefined {
  return taken.find((one) => overlaps(one.subnet, subnet));
}

/**
 * The first free subnet in a range, not below the first choice and with its prefix length.
 * @returns undefined if none is left
 */
export function freeFrom(
  first: Subnet,
  range: Subnet,
  taken: readonly Taken[],
): Subnet | undefined {
  let free = first;
  // In sorted order one pass is enough.
  const inOrder = taken
    .map(({ subnet }) => subnet)
    .filter(({ version }) => version === first.version)
    .sort((one, other) => (one.network < other.network ? -1 : 1));
  for (const subnet of inOrder) {
    if (!overlaps(subnet, free)) continue;
    const behind = subnet.network + size(subnet);
    const next = subnetAt(first.version, behind - 1n, first.length);
    free = { ...next, network: next.network + size(next) };
  }
  return contains(range, free.network) ? free : undefined;
}

/** `10.0.0.0/8 (a route on wg0)` */
export const takenText = ({ subnet, by }: Taken): string =>
  `${formatSubnet(subnet)} (${by})`;
