import { parseAddress } from "../ip/address.ts";
import { findTokens } from "../ip/find-addresses.ts";
import { isPublic4, isUla } from "../ip/special-ranges.ts";
import { at, list, parsed, portText, resolved } from "./yaml-values.ts";

/** Kong's settings for ports that are not for clients: kong.conf.default, "NGINX". */
const SETTINGS =
  /^KONG_((?:ADMIN|ADMIN_GUI|STATUS|DEBUG|CLUSTER|CLUSTER_TELEMETRY)_LISTEN)$/;

/** Their ports. */
const PORTS = /^(800[1-7]|844[45])$/;

/**
 * Where a compose file opens Kong's admin ports to others than the server.
 * @param settings the text of .env
 * @returns one reason each; none for a text that is not valid
 */
export function openAdminPorts(text: string, settings: string): string[] {
  const kong = at(parsed(text), "services", "kong");
  const open = environmentOf(kong).flatMap(([key, value]) =>
    SETTINGS.test(key)
      ? resolved(value, settings)
          .split(",")
          .map((one) => one.trim().split(/\s/)[0] ?? "")
          .filter((one) => isOpen(one.replace(/:\d+$/, "")))
          .map(
            (one) =>
              `${key} has ${one}, which opens Kong's admin ports: let it have only 127.0.0.1 and Kong's address in kong-net`,
          )
      : [],
  );
  const published = list(at(kong, "ports"))
    .map((port) => resolved(portText(port), settings))
    .filter((port) => PORTS.test(port.split(":").at(-1) ?? ""))
    .filter((port) => !isLoopback(port))
    .map((port) => `port ${port} publishes one of Kong's admin ports`);
  return [...open, ...published];
}

/** A mapping, or a list of KEY=VALUE. */
function environmentOf(service: unknown): [key: string, value: unknown][] {
  const environment = at(service, "environment") ?? {};
  return Array.isArray(environment)
    ? environment.map((row) => {
        const [key = "", ...value] = String(row).split("=");
        return [key, value.join("=")];
      })
    : Object.entries(environment);
}

/** Whether others than the server and its containers reach an address. A name is not judged. */
function isOpen(address: string): boolean {
  const [token] = findTokens(address);
  if (token === undefined) return false;
  const { version, value } = token;
  return version === 4
    ? isPublic4(value) || value === 0n
    : value !== LOOPBACK && !isUla({ version, network: value, length: 128 });
}

const LOOPBACK = parseAddress(6, "::1");

/** Whether a port is published for the server alone. */
function isLoopback(port: string): boolean {
  const [token] = findTokens(port.replace(/:[^:]*:\d+$/, ""));
  return (
    token !== undefined &&
    (token.version === 4
      ? token.value >> 24n === 127n
      : token.value === LOOPBACK)
  );
}
