import { isFields, textOf, type Fields } from "./json.ts";
import type { ServerFile } from "./parts.ts";

/** A netplan file: the IDs under `ethernets`, and the renderer that it names. */
export interface NetplanFile {
  readonly path: string;
  /** Why nothing can be said of it. */
  readonly unread: string | undefined;
  readonly ids: readonly string[];
  readonly renderer: string | undefined;
}

/** Characters. Netplan's files have some hundred, and YAML takes its time. */
const LARGEST = 64 * 1024;

/** What yaml throws; ReferenceError: an alias; RangeError: nested too deeply. */
const UNPARSED = /^(YAML\w+|ReferenceError|RangeError)$/;

/** netplan(5): of a file of an unknown hand only names are taken. */
export async function readNetplan({
  path,
  text,
}: ServerFile): Promise<NetplanFile> {
  const nothing = { path, ids: [], renderer: undefined };
  if (text === undefined)
    return { ...nothing, unread: "not readable: as root it would be" };
  if (text.length > LARGEST) return { ...nothing, unread: "it is too large" };
  const { parse } = await import("../../base/yaml.ts");
  let content: unknown;
  try {
    content = parse(text, {
      maxAliasCount: 0,
      stringKeys: true,
      logLevel: "error",
    });
  } catch (error) {
    if (!(error instanceof Error) || !UNPARSED.test(error.name)) throw error;
    return { ...nothing, unread: "it is no YAML" };
  }
  const network = fieldsIn(content, "network");
  const ethernets = fieldsIn(network, "ethernets");
  return {
    path,
    unread: undefined,
    ids: Object.keys(ethernets).slice(0, 100),
    renderer: textOf(network, "renderer"),
  };
}

function fieldsIn(value: unknown, key: string): Fields {
  const inner: unknown =
    isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isFields(inner) ? inner : {};
}

/** Who looks after an interface, by what that program left under /run. */
export interface Manager {
  readonly renderer: "networkd" | "NetworkManager";
  /** The netplan ID that its configuration was made from. */
  readonly id: string | undefined;
  readonly path: string;
}

/**
 * @param index the interface's number: the files are named after it
 * @param networkd /run/systemd/netif/links/N; NETWORK_FILE is there where networkd configures it
 * @param networkManager /run/NetworkManager/devices/N
 */
export function readManager(
  index: number,
  networkd: readonly ServerFile[],
  networkManager: readonly ServerFile[],
): Manager | undefined {
  const of = (files: readonly ServerFile[]): ServerFile | undefined =>
    files.find(({ path }) => path.endsWith(`/${index}`));
  const link = of(networkd);
  const file = /^NETWORK_FILE=(.*)$/m.exec(link?.text ?? "")?.[1];
  if (link && file !== undefined) {
    const id = /\/10-netplan-([^/]+)\.network$/.exec(file)?.[1];
    return { renderer: "networkd", id, path: link.path };
  }
  const device = of(networkManager);
  return device && /^connection-uuid=/m.test(device.text ?? "")
    ? { renderer: "NetworkManager", id: undefined, path: device.path }
    : undefined;
}

/** ufw.conf(5): ENABLED=yes|no. undefined where the file wasn't there or doesn't say. */
export function readUfw(file: ServerFile | undefined): boolean | undefined {
  const value = /^\s*ENABLED\s*=\s*["']?(\w+)/im.exec(file?.text ?? "")?.[1];
  return value === undefined ? undefined : value.toLowerCase() === "yes";
}
