import { KONG_PORTS } from "../plan/containers.ts";
import type { Plan, PublicContainer } from "../plan/types.ts";

export interface Expectation {
  readonly address: string;
  readonly version: 4 | 6;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly expected: "answers" | "closed";
  /** What listens there, or must not. */
  readonly service: string;
  /** Where Kong must answer: how to ask it. */
  readonly kong?: "http" | "https";
}

/** Ports that must not answer on any public address, by what Kong and its database listen for there. */
const PRIVATE_PORTS: readonly (readonly [port: number, service: string])[] = [
  [8001, "admin API"],
  [8444, "admin API"],
  [8002, "manager"],
  [8445, "manager"],
  [8005, "cluster port"],
  [8006, "cluster port"],
  [8007, "status API"],
  [8000, "default proxy"],
  [8443, "default proxy"],
  [5432, "database"],
];

/** Kong's own ports, where Kong must not answer. */
const ON_HOST = KONG_PORTS.map(({ port }) => [port, "gateway"] as const);

/** The address of an expectation if the server's IPv4 is not known. */
export const UNKNOWN = "any";

/** The server's addresses that the plan doesn't have, as far as they are known. */
export interface ServerAddresses {
  readonly ipv6?: string;
  readonly ipv4?: string;
}

/** What must answer, and what must not, on every public address of the plan, old ones included. */
export function expectationsOf(
  { kong, others, host, ipv4: planned, previous }: Plan,
  found: ServerAddresses = {},
): Expectation[] {
  const ipv4 = planned.published
    ? planned.address || found.ipv4 || UNKNOWN
    : "";
  const own = host?.address ?? found.ipv6;
  const hosts = [own, previous?.host?.address].flatMap((one) => one || []);
  // During an overlap, each container has the same ports on its old address.
  const old = new Map(
    previous?.containers.map(({ name, address }) => [name, address]),
  );
  const both = (container: PublicContainer): PublicContainer[] => {
    const address = old.get(container.name);
    return [container, ...(address ? [{ ...container, address }] : [])];
  };
  const kongs = both(kong).map(({ address }) => address);
  return [
    ...kongs.flatMap((address) => answering(address, 6)),
    ...(ipv4 === "" ? [] : answering(ipv4, 4)),
    ...others.flatMap(both).flatMap(exposed),
    ...kongs.flatMap((address) => closed(address, 6, PRIVATE_PORTS)),
    ...hosts.flatMap((address) =>
      closed(address, 6, [...ON_HOST, ...PRIVATE_PORTS]),
    ),
    ...(ipv4 === "" ? [] : closed(ipv4, 4, PRIVATE_PORTS)),
  ];
}

const answering = (address: string, version: 4 | 6): Expectation[] =>
  KONG_PORTS.map(({ port, protocol }) => ({
    address,
    version,
    port,
    protocol,
    service: "Kong",
    kong: port === 443 ? "https" : "http",
    expected: "answers",
  }));

/** A container of --expose answers on its ports, and only there. */
function exposed(container: PublicContainer): Expectation[] {
  const { name, address, ports, sources } = container;
  // A fleet's control plane, which answers only the data planes.
  if (sources.length > 0)
    return closed(address, 6, [...ON_HOST, ...PRIVATE_PORTS]);
  const own = new Set(ports.filter(isTcp).map(({ port }) => port));
  return [
    ...ports.map((port): Expectation => ({
      address,
      version: 6,
      ...port,
      expected: "answers",
      service: name,
    })),
    ...closed(
      address,
      6,
      PRIVATE_PORTS.filter(([port]) => !own.has(port)),
    ),
  ];
}

const isTcp = ({ protocol }: { protocol: string }): boolean =>
  protocol === "tcp";

const closed = (
  address: string,
  version: 4 | 6,
  ports: typeof PRIVATE_PORTS,
): Expectation[] =>
  ports.map(([port, service]) => ({
    address,
    version,
    port,
    service,
    protocol: "tcp",
    expected: "closed",
  }));
