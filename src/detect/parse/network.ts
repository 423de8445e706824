import { attempt } from "../../base/errors.ts";
import {
  parseAddress,
  parseSubnet,
  subnetAt,
  type Subnet,
  type Version,
} from "../../ip/address.ts";
import { isFields, numberOf, objects, textOf, type Fields } from "./json.ts";

/** An address of an interface, from `ip -j address`. */
export interface Address {
  readonly device: string;
  readonly version: Version;
  readonly value: bigint;
  /** Prefix length in bits. */
  readonly length: number;
  /** Global, and neither temporary, tentative, a failed duplicate nor deprecated until it expires. */
  readonly lasting: boolean;
  /** It has a lifetime: it comes from router advertisements or DHCP. */
  readonly dynamic: boolean;
  /** Its preferred lifetime is 0: not used as a source address while there is another. */
  readonly deprecated: boolean;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** The flag of tunnels and OpenVZ's venet: one router at the other end, no neighbor discovery. */
  readonly pointToPoint: boolean;
}

/** A route. A route with several next hops is several of these. */
export interface Route {
  readonly destination: Subnet;
  readonly device: string;
  readonly gateway: bigint | undefined;
  /** The preferred source address. */
  readonly source: bigint | undefined;
  readonly metric: number;
  /** From router advertisements: protocol `ra` (rtnetlink), or a kernel route that expires. */
  readonly advertised: boolean;
}

/** Another machine on a link. */
export interface Neighbour {
  readonly device: string;
  readonly value: bigint;
}

const NOT_LASTING = ["temporary", "tentative", "dadfailed"];

/** The lifetime of a permanent address (INFINITY_LIFE_TIME, linux/if_addr.h). */
const FOREVER = 0xffff_ffff;

/** Interfaces and their addresses. Entries that do not look like ip-address(8) output are dropped. */
export function readAddresses(json: unknown): {
  links: Link[];
  addresses: Address[];
} {
  const links: Link[] = [];
  const addresses: Address[] = [];
  for (const entry of objects(json)) {
    const name = deviceName(entry, "ifname");
    const index = numberOf(entry, "ifindex");
    if (name === undefined || index === undefined) continue;
    const flags = [entry["flags"]].flat();
    links.push({ index, name, pointToPoint: flags.includes("POINTOPOINT") });
    for (const info of objects(entry["addr_info"])) {
      const address = readAddress(name, info);
      if (address) addresses.push(address);
    }
  }
  return { links, addresses };
}

function readAddress(device: string, info: Fields): Address | undefined {
  const family = textOf(info, "family");
  if (family !== "inet" && family !== "inet6") return undefined;
  const version = family === "inet" ? 4 : 6;
  const value = addressOf(version, textOf(info, "local"));
  const length = numberOf(info, "prefixlen");
  if (value === undefined || length === undefined) return undefined;
  if (length > (version === 4 ? 32 : 128)) return undefined;
  const deprecated = info["deprecated"] === true;
  const lasting =
    textOf(info, "scope") === "global" &&
    !NOT_LASTING.some((flag) => info[flag] === true) &&
    (!deprecated || numberOf(info, "valid_life_time") === FOREVER);
  // NetworkManager also adds the routes of static addresses itself, so only a lifetime is a sign.
  return {
    device,
    version,
    value,
    length,
    lasting,
    dynamic: info["dynamic"] === true,
    deprecated,
  };
}

/** Unicast routes of a family. Dead ones, and entries unlike ip-route(8) output, are dropped. */
export function readRoutes(version: Version, json: unknown): Route[] {
  return objects(json).flatMap((entry) => {
    const destination = destinationOf(version, textOf(entry, "dst"));
    if (destination === undefined || isFields(entry["type"])) return [];
    if ((textOf(entry, "type") ?? "unicast") !== "unicast") return [];
    const hops = objects(entry["nexthops"]);
    return (hops.length > 0 ? hops : [entry]).flatMap((hop): Route[] => {
      const device = deviceName(hop, "dev");
      const flags: unknown[] = [entry["flags"], hop["flags"]].flat();
      if (device === undefined || flags.includes("dead")) return [];
      return [
        {
          destination,
          device,
          gateway: addressOf(version, textOf(hop, "gateway")),
          source: addressOf(version, textOf(entry, "prefsrc")),
          metric: numberOf(entry, "metric") ?? 0,
          advertised:
            textOf(entry, "protocol") === "ra" ||
            (textOf(entry, "protocol") === "kernel" &&
              numberOf(entry, "expires") !== undefined),
        },
      ];
    });
  });
}

/** Neighbours that have answered, that is, those with a link-layer address. */
export function readNeighbours(json: unknown): Neighbour[] {
  return objects(json).flatMap((entry) => {
    const device = deviceName(entry, "dev");
    const value = addressOf(6, textOf(entry, "dst"));
    return device === undefined ||
      value === undefined ||
      textOf(entry, "lladdr") === undefined
      ? []
      : [{ device, value }];
  });
}

/** Linux allows 15 bytes without slash, white space and colon (dev_valid_name). */
function deviceName(entry: Fields, key: string): string | undefined {
  const name = textOf(entry, key);
  return name !== undefined && /^[^\s/:\p{Cc}]{1,15}$/u.test(name)
    ? name
    : undefined;
}

function addressOf(
  version: Version,
  text: string | undefined,
): bigint | undefined {
  return text === undefined
    ? undefined
    : attempt(() => parseAddress(version, text));
}

function destinationOf(
  version: Version,
  text: string | undefined,
): Subnet | undefined {
  if (text === undefined) return undefined;
  if (text === "default") return subnetAt(version, 0n, 0);
  const bits = version === 4 ? 32 : 128;
  return attempt(() =>
    parseSubnet(version, text.includes("/") ? text : `${text}/${bits}`),
  );
}
