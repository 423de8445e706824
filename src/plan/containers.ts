import { formatExpose, formatPort } from "../answers/parse-expose.ts";
import type { Port } from "../answers/types.ts";
import {
  contains,
  formatAddress,
  reverseName,
  size,
  subnetAt,
  type Subnet,
} from "../ip/address.ts";
import type { PublicContainer } from "./types.ts";

/** Kong's public ports. */
export const KONG_PORTS: readonly Port[] = [
  { port: 80, protocol: "tcp" },
  { port: 443, protocol: "tcp" },
];

/** The service of a fleet's control plane, and its entry in --expose. */
export const CONTROL_PLANE = "kong-control-plane";

export function publicContainer(
  name: string,
  label: string,
  address: bigint,
  ports: readonly Port[],
  sources: readonly string[] = [],
): PublicContainer {
  const of = (protocol: Port["protocol"]): string =>
    ports
      .filter((one) => one.protocol === protocol)
      .map(({ port }) => port)
      .join(", ");
  const variable = name === "kong" ? "KONG_BIND_IPV6" : exposeVariable(name);
  return {
    name,
    label,
    address: formatAddress(6, address),
    variable,
    reference: `\${${variable}:?set it in .env}`,
    reverse: reverseName(6, address),
    ports,
    sources,
    portsText: ports.map(formatPort).join(", "),
    answer: formatExpose({ name, address: undefined, ports }),
    tcp: of("tcp"),
    udp: of("udp"),
  };
}

/** `EXPOSE_MY_APP_IPV6` */
const exposeVariable = (name: string): string =>
  `EXPOSE_${name.toUpperCase().replaceAll("-", "_")}_IPV6`;

/**
 * The dynamic addresses of the exposed network: the largest part of it without a fixed address, so that
 * a container which starts earlier can't take one (docker/compose#11899). Without --expose it is the
 * half that Kong is not in. Docker 20.10 finds no address ("invalid bit range") beyond a subnet's first
 * 2^32 addresses, so only those are divided.
 */
export function rangeWithout(subnet: Subnet, fixed: readonly bigint[]): Subnet {
  const usable = subnetAt(6, subnet.network, Math.max(subnet.length, 96));
  for (let length = usable.length + 1; length < 128; length++) {
    let range = subnetAt(6, usable.network, length);
    while (contains(usable, range.network)) {
      const { network } = range;
      if (!fixed.some((address) => contains(range, address))) return range;
      range = subnetAt(6, network + size(range), length);
    }
  }
  // The first two addresses, which are never free.
  return subnetAt(6, subnet.network, 127);
}
