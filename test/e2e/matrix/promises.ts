/** The rows of the matrix: what is measured in a cell, and the required result. */
export interface Row {
  title: string;
  /** The required word, or the maximum in seconds. */
  promise: string | number;
  /** Measured only in cells that measure events after the first apply. */
  life?: true;
  /** Measured only in cells with two more public containers. */
  exposes?: true;
}

/** The ports that must never be seen: Kong's admin, manager and status ports, and the database's. */
export const PRIVATE_PORTS = [8001, 8002, 8007, 8444, 8445, 5432];

const ports = PRIVATE_PORTS.join(", ");

export const ROWS: Readonly<Record<string, Row>> = {
  six80: { title: "Kong's IPv6, port 80", promise: "reached" },
  six443: { title: "Kong's IPv6, port 443", promise: "reached" },
  four80: { title: "the server's IPv4, port 80", promise: "reached" },
  four443: { title: "the server's IPv4, port 443", promise: "reached" },
  client6: {
    title: "the client's address that Kong sees over IPv6",
    promise: "the client's",
  },
  client4: {
    title: "the client's address that Kong sees over IPv4",
    promise: "the client's",
  },
  mtu: {
    title: "300 kB over a path with an MTU of 1,400, IPv6 and IPv4",
    promise: "whole",
  },
  outgoing: {
    title: "Kong's own outgoing IPv6 connection comes from",
    promise: "Kong's address",
  },
  kongPrivate: { title: `Kong's IPv6: ${ports}`, promise: "closed" },
  six: { title: `the server's own IPv6: ${ports}`, promise: "closed" },
  four: { title: `the server's own IPv4: ${ports}`, promise: "closed" },
  sixWeb: { title: "the server's own IPv6: 80, 443", promise: "closed" },
  internal: {
    title: `all internal addresses of containers and bridges, with routes to them: ${ports}`,
    promise: "closed",
  },
  neighbour: {
    title: "another container on the exposed network, unpublished ports",
    promise: "closed",
  },
  docker0: {
    title: "a container on docker0 with a ULA, with a route to it",
    promise: "closed",
  },
  exposedReached: {
    title:
      "two containers of --expose: 80, 443 of one; 53 of the other, TCP and UDP",
    promise: "reached",
    exposes: true,
  },
  exposedClosed: {
    title: "two containers of --expose: all other ports",
    promise: "closed",
    exposes: true,
  },
  apply: { title: "apply.sh on a fresh host", promise: 120 },
  again: { title: "apply.sh the second time", promise: 30 },
  unchanged: {
    title:
      "containers, networks, Docker and /etc after apply.sh the second time",
    promise: "unchanged",
  },
  lost: { title: "requests lost meanwhile", promise: "none" },
  standing: {
    title: "a TCP connection to the server, over both runs",
    promise: "held",
  },
  // systemd 252 removes the addresses for about 15 ms whenever netplan is applied.
  ping: {
    title:
      "longest time without an answer from the server's IPv4, over both runs",
    promise: 0.5,
  },
  boot: {
    title: "power on to Kong's first answer over IPv6",
    promise: 20,
    life: true,
  },
  gap: {
    title: "longest time without an answer over a reboot",
    promise: 30,
    life: true,
  },
  closedAfterBoot: {
    title: "all of the above that is closed, after the reboot",
    promise: "closed",
    life: true,
  },
  exposedAfterBoot: {
    title: "two containers of --expose, after the reboot",
    promise: "reached",
    life: true,
    exposes: true,
  },
  restart: {
    title: "longest time without an answer: Docker restarted",
    promise: 20,
    life: true,
  },
  recreate: {
    title: "longest time without an answer: Kong recreated",
    promise: 20,
    life: true,
  },
  downUp: {
    title: "longest time without an answer: docker compose down, then up",
    promise: 60,
    life: true,
  },
  netplan: {
    title: "longest time without an answer: netplan apply",
    promise: 10,
    life: true,
  },
  ndppd: {
    title: "longest time without an answer: ndppd killed",
    promise: 10,
    life: true,
  },
  rollback: { title: "rollback.sh", promise: 60, life: true },
  etc: {
    title: "rolled back: /etc, byte for byte and every mode",
    promise: "as before",
    life: true,
  },
  rest: {
    title:
      "rolled back: addresses, routes, sysctls, tables, ufw's rules, Docker's networks and containers",
    promise: "as before",
    life: true,
  },
  standingBack: {
    title: "a TCP connection to the server, over rollback.sh",
    promise: "held",
    life: true,
  },
  pingBack: {
    title:
      "longest time without an answer from the server's IPv4, over rollback.sh",
    promise: 0.5,
    life: true,
  },
};

/** The result, a word or seconds, and the details if it is not as promised. */
export interface Finding {
  value: string | number;
  detail?: string | undefined;
}

/** The findings by row. A row that does not apply to the cell is missing. */
export type Findings = Map<string, Finding>;

/** @param slowness of the machine: how long a program may take depends on it, how long IPv4 is dead does not */
export const kept = (
  { promise }: Row,
  { value }: Finding,
  slowness: number,
): boolean =>
  typeof promise === "number"
    ? typeof value === "number" &&
      value <= (promise < 1 ? promise : promise * slowness)
    : value === promise;
