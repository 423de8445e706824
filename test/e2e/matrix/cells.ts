import { GENERATIONS, type Generation } from "../lab/roots.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { TopologyOptions } from "../lab/topology.ts";

/** One host of the matrix: a Debian generation, its firewall, and how the provider's prefix reaches Kong. */
export interface Cell {
  generation: Generation;
  ufw: boolean;
  ndp: "ndppd" | "kernel" | "none";
  /** Also measure events after the first apply: reboot, restarts, rollback. */
  life: boolean;
  /** Two more containers have a public address (--expose). */
  exposes: boolean;
  /** How this server differs from most servers. */
  unlike?: Unlike | undefined;
}

export interface Unlike {
  /** In words, for the report. */
  words: string;
  topology?: Partial<TopologyOptions>;
  answers?: Given;
  /** The distribution's own netplan file. */
  netplan?: string;
  /** Further files on the host's disk. */
  files?: () => Promise<Record<string, string>>;
  /** What the provider's router does besides, until the returned function is called. */
  provider?: (router: Namespace) => Promise<() => void>;
}

export const PREFIX = "2001:db8:1:2::/64";
export const HOST = "2001:db8:1:2::2";
export const HOST4 = "203.0.113.10";
export const KONG = "2001:db8:1:2:300::8100";

export const NDP = ["ndppd", "kernel", "none"] as const;

/** Servers with another interface, gateway or netplan ID, and with other answers. */
const UNLIKE: Record<string, Unlike> = {
  "bookworm ufw ndppd": {
    words: "--firewall nftables",
    answers: { firewall: "nftables" },
  },
  "bookworm bare kernel": {
    words: "--database off",
    answers: { database: "off" },
  },
  "trixie ufw none": {
    words: "--firewall nftables",
    answers: { firewall: "nftables" },
  },
  "trixie bare none": {
    words: "netplan sets the IPv4 too (--ipv4-gateway)",
    answers: { ipv4: `${HOST4}/24`, ipv4Gateway: "203.0.113.1" },
  },
  "sid bare ndppd": {
    words: "--firewall none, which Docker 28's own filter makes good",
    answers: { firewall: "none" },
  },
  "sid bare none": {
    words: "--database off, --firewall nftables",
    answers: { database: "off", firewall: "nftables" },
  },
  "bookworm ufw none": {
    words: "gateway inside the prefix",
    topology: { gateway: "2001:db8:1:2::1" },
  },
  "trixie ufw kernel": {
    words: "uplink enp1s0",
    topology: { interface: "enp1s0" },
  },
  "sid ufw ndppd": {
    words: "gateway inside the prefix",
    topology: { gateway: "2001:db8:1:2::1" },
  },
  "sid bare kernel": {
    words:
      "the distribution's netplan file calls the uplink by an ID of its own",
    netplan: `network:
  version: 2
  ethernets:
    lan0:
      match: { name: ens3 }
      accept-ra: false
      addresses: ["${HOST4}/24"]
      routes: [{ to: default, via: 203.0.113.1 }]
`,
  },
};

const keyOf = (
  generation: Generation,
  ufw: boolean,
  ndp: Cell["ndp"],
): string => `${generation} ${ufw ? "ufw" : "bare"} ${ndp}`;

/** One of each generation, with another NDP proxy and firewall. */
const EXPOSING = ["bookworm bare ndppd", "trixie ufw ndppd", "sid ufw kernel"];
/** Of these, the one that is also rebooted and rolled back. */
const EXPOSING_LIFE = "trixie ufw ndppd";

export const CELLS: readonly Cell[] = GENERATIONS.flatMap((generation, row) =>
  [true, false].flatMap((ufw) =>
    NDP.map((ndp, column) => ({
      generation,
      ufw,
      ndp,
      // Each generation with each way to Kong once, alternately with and without ufw; and one that exposes more.
      life:
        ufw === ((row + column) % 2 === 0) ||
        keyOf(generation, ufw, ndp) === EXPOSING_LIFE,
      exposes: EXPOSING.includes(keyOf(generation, ufw, ndp)),
      unlike: UNLIKE[keyOf(generation, ufw, ndp)],
    })),
  ),
);

/** The answers of its repository. */
export function answersOf({ ndp, unlike }: Cell): Given {
  const { gateway, interface: uplink } = unlike?.topology ?? {};
  return {
    prefix: PREFIX,
    kong: KONG,
    delivery: ndp === "none" ? "routed" : "on-link",
    ndp,
    ...(gateway && { gateway }),
    ...(uplink && { interface: uplink }),
    ...unlike?.answers,
  };
}

/** The heading of its column. */
export function headingOf({ ufw, ndp }: Cell): string {
  const way = ndp === "none" ? "routed" : `on-link, ${ndp}`;
  return `${way}, ufw ${ufw ? "on" : "off"}`;
}

export const nameOf = (cell: Cell): string =>
  `${cell.generation}, ${headingOf(cell)}`;
