import { isFields, textOf, type Fields } from "./json.ts";
import type { ServerFile } from "./parts.ts";

/** A netplan file: the IDs of its interfaces, and the renderer that it names. */
export interface NetplanFile {
  readonly path: string;
  /** Why it could not be read. */
  readonly unread: string | undefined;
  readonly ids: readonly string[];
  readonly renderer: string | undefined;
}

/** Where netplan(5) describes interfaces. */
const KINDS = [
  "ethernets",
  "modems",
  "wifis",
  "bonds",
  "bridges",
  "vlans",
  "dummy-devices",
  "virtual-ethernets",
  "tunnels",
  "vrfs",
];

/** Characters. A netplan file has some hundred, and parsing YAML is slow. */
const LARGEST = 64 * 1024;

/** Reads only names from a netplan file (netplan(5)), because anybody may have written it. */
export async function readNetplan({
  path,
  text,
}: ServerFile): Promise<NetplanFile> {
  const nothing = { path, ids: [], renderer: undefined };
  if (text === undefined)
    return { ...nothing, unread: "not readable without root" };
  if (text.length > LARGEST) return { ...nothing, unread: "too large" };
  const { parseYaml } = await import("../../base/yaml.ts");
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ...nothing, unread: "not valid YAML" };
  }
  const network = fieldsIn(content, "network");
  return {
    path,
    unread: undefined,
    ids: KINDS.flatMap((kind) => Object.keys(fieldsIn(network, kind))).slice(
      0,
      100,
    ),
    renderer: textOf(network, "renderer"),
  };
}

function fieldsIn(value: unknown, key: string): Fields {
  const inner: unknown =
    isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isFields(inner) ? inner : {};
}

/** The program that manages an interface, from its files under /run. */
interface Manager {
  readonly renderer: "networkd" | "NetworkManager";
  /** The netplan ID behind its configuration. */
  readonly id: string | undefined;
  readonly path: string;
}

/**
 * @param index the interface's number: the files are named after it
 * @param networkd /run/systemd/netif/links/N; it has NETWORK_FILE if networkd configures the interface
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

/** ufw.conf(5): ENABLED=yes|no. undefined if the file is missing or does not say. */
export function readUfw(file: ServerFile | undefined): boolean | undefined {
  const value = /^[ \t]*ENABLED[ \t]*=[ \t]*["']?(\w+)/im.exec(
    file?.text ?? "",
  )?.[1];
  return value === undefined ? undefined : value.toLowerCase() === "yes";
}
