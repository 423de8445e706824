import type { Ipv6Interface, Port } from "../answers/types.ts";
import type { Subnet } from "../ip/address.ts";

/** A rock (luarocks), and the name of Kong's plugin in it. */
export interface Rock {
  readonly rock: string;
  readonly plugin: string;
}

/** A default route, as netplan takes it. */
export interface DefaultRoute {
  readonly to: string;
  /** Empty on a point-to-point link, where a route needs no gateway. */
  readonly via: string;
  /** True for a gateway outside the server's subnet: netplan needs `on-link` then. */
  readonly onLink: boolean;
}

/** A container with a public address. */
export interface PublicContainer {
  readonly name: string;
  /** For text: `Kong`, or the container's name. */
  readonly label: string;
  readonly address: string;
  /** The variable in .env that has the address. */
  readonly variable: string;
  /** The same in a compose file. */
  readonly reference: string;
  readonly reverse: string;
  readonly ports: readonly Port[];
  /** The only addresses that may connect; empty if everyone may. */
  readonly sources: readonly string[];
  /** `25, 53/udp` */
  readonly portsText: string;
  /** What `--expose` takes: `mail:25,53/udp`. */
  readonly answer: string;
  /** The ports of each protocol as nftables takes them: `80, 443`; empty if there is none. */
  readonly tcp: string;
  readonly udp: string;
}

/** The old addresses that stay until `regenerate --finish`. */
export interface PreviousTexts {
  /** null if the server's address did not change. */
  readonly host: PlanTexts["host"];
  /** The containers whose addresses changed. */
  readonly containers: readonly {
    readonly name: string;
    readonly label: string;
    readonly address: string;
    readonly reverse: string;
    /** The new address. */
    readonly to: string;
  }[];
}

/** What a fleet adds to one of its servers. */
export interface FleetRole {
  /** The address of the control plane, on whichever server it is. */
  readonly controlPlane: string;
  /**
   * If it is on this server: who may connect to it, that is, the addresses of all data planes, old ones
   * included. Otherwise empty.
   */
  readonly dataPlanes: readonly string[];
}

export interface FleetTexts extends FleetRole {
  /** The control plane's address on kong-net, next to Kong's: there it has the admin API. */
  readonly admin: string;
}

/** The address plan: everything that follows from the answers, as text for the templates. */
export interface PlanTexts {
  readonly prefix: string;
  readonly routed: boolean;
  readonly uplink: {
    readonly name: string;
    /** The name in a dotted sysctl key: its own dots become slashes (sysctl.d(5)). */
    readonly sysctl: string;
  };
  /** null if the server's address and default route stay as they are. */
  readonly host: {
    readonly address: string;
    /** The prefix length of the server's link. */
    readonly length: number;
    /** `address/length`, as netplan configures it. */
    readonly interface: string;
    readonly reverse: string;
  } | null;
  /** How the owner reaches the server by ssh. */
  readonly login: string;
  /** Whether login is an answer. If so, deploy needs no --ssh. */
  readonly loginIsRemembered: boolean;
  /** Whether login has SERVER for a name, because no address is known. */
  readonly loginIsUnknown: boolean;
  readonly gateway: {
    /** The address, `ra` or `none`. */
    readonly answer: string;
    /** Empty if the gateway has no address. */
    readonly address: string;
    /** Whether the default route comes from router advertisements. */
    readonly advertised: boolean;
  };
  /** The default routes that netplan configures. */
  readonly routes: readonly DefaultRoute[];
  readonly exposed: {
    readonly network: string;
    readonly bridge: string;
    readonly subnet: string;
    readonly gateway: string;
    /** From here Docker gives addresses to containers without a fixed one. */
    readonly range: string;
  };
  readonly kong: PublicContainer;
  /** The owner's containers with a public address (--expose). */
  readonly expose: readonly PublicContainer[];
  /** The control plane of a fleet; null if it is not on this server. */
  readonly controlPlane: PublicContainer | null;
  /** All but Kong: the control plane, and those of the owner. */
  readonly others: readonly PublicContainer[];
  /** Kong and the others. */
  readonly containers: readonly PublicContainer[];
  /** If Kong is a data plane of a fleet; otherwise null. */
  readonly fleet: FleetTexts | null;
  readonly ipv4: {
    /** Whether Kong's ports are published on the server's IPv4. */
    readonly published: boolean;
    /** KONG_BIND_IP. */
    readonly bind: string;
    /** The server's IPv4 and the name of its PTR record; empty if unknown. */
    readonly address: string;
    readonly reverse: string;
    /** If netplan configures the IPv4 too; otherwise null. */
    readonly netplan: {
      readonly interface: string;
      readonly gateway: string;
    } | null;
  };
  readonly backend: {
    readonly subnet: string;
    readonly gateway: string;
    /** From here Docker gives addresses to the other services; Kong's is not in it. */
    readonly range: string;
    readonly kong: string;
  };
  readonly internalPrefix: string;
  readonly ndp: { readonly ndppd: boolean; readonly kernel: boolean };
  /** For the DNS records; "YOUR.DOMAIN" if none is given. */
  readonly domain: string;
  readonly image: string;
  readonly plugins: {
    readonly rocks: readonly Rock[];
    readonly enabled: string;
  };
  readonly postgres: boolean;
  readonly firewall: { readonly ufw: boolean; readonly own: boolean };
  readonly data: {
    readonly directory: string;
    /** Its line in .gitignore; empty if the directory is outside the repository. */
    readonly ignore: string;
  };
  /** null unless an overlap is on. */
  readonly previous: PreviousTexts | null;
}

/** The same addresses as numbers, for code that computes with them. */
export interface PlanNumbers {
  readonly prefix: Subnet;
  /** undefined if the server's address stays as it is. */
  readonly host: Ipv6Interface | undefined;
  /** undefined if the gateway has no address. */
  readonly gateway: bigint | undefined;
  readonly exposed: {
    readonly subnet: Subnet;
    readonly gateway: bigint;
    readonly range: Subnet;
  };
  readonly kong: bigint;
  /** The owner's containers with a public address: name → address. */
  readonly expose: ReadonlyMap<string, bigint>;
  /** undefined if the server's IPv4 is unknown. */
  readonly ipv4:
    | {
        readonly address: bigint;
        /** Prefix length and gateway, if netplan configures the IPv4. */
        readonly netplan: {
          readonly length: number;
          readonly gateway: bigint;
        } | null;
      }
    | undefined;
  readonly backend: {
    readonly subnet: Subnet;
    readonly gateway: bigint;
    readonly range: Subnet;
    readonly kong: bigint;
  };
  readonly internalPrefix: Subnet;
}

export interface Plan extends PlanTexts {
  readonly numbers: PlanNumbers;
}
