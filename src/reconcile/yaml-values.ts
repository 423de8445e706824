import { settingOf } from "../base/dotenv.ts";
import { parseAnyYaml } from "../base/yaml.ts";
import { formatAddress, formatSubnet } from "../ip/address.ts";
import { findTokens, subnetOf } from "../ip/find-addresses.ts";

// Reads values of YAML files, compose files above all.

/** A text that is not a mapping gives null: it is reported as not usable. */
export function parsed(text: string): object | null {
  try {
    const value = parseAnyYaml(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The value at a path of keys; undefined if there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let inner = value;
  for (const key of keys) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = Object.hasOwn(inner, key)
      ? (inner as Record<string, unknown>)[key]
      : undefined;
  }
  return inner;
}

export const list = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : [];

/** In a mapping, or in a list of KEY=VALUE. */
export function variable(environment: unknown, key: string): unknown {
  if (!Array.isArray(environment)) return at(environment, key);
  const row = environment.find((one) => String(one).startsWith(`${key}=`));
  return row === undefined ? undefined : String(row).slice(key.length + 1);
}

/** The long form of a port in the short one. An IPv6 address may lack its brackets there. */
export const portText = (port: unknown): string =>
  typeof port === "object"
    ? ["host_ip", "published", "target"]
        .flatMap((key) => at(port, key) ?? [])
        .map((part) => String(part).replace(/^[^[$]*:.*/, "[$&]"))
        .join(":")
    : String(port).replace(/\/tcp$/, "");

/** `$KEY`, `${KEY}`, `${KEY:-default}`, `${KEY:?message}`. Groups: key in braces, operator, default, key. */
const VARIABLE = /\$\{(\w+)(?:(:?[-?+])([^}]*))?\}|\$(\w+)/g;

/** A value with the variables that .env sets, or with their defaults. */
export const resolved = (value: unknown, settings: string): string =>
  normal(
    String(value).replaceAll(
      VARIABLE,
      (_, braced?: string, operator?: string, text = "", bare?: string) => {
        const key = braced ?? bare ?? "";
        const other = operator?.endsWith("-") ? text : `$${key}`;
        return settingOf(settings, key) ?? other;
      },
    ),
  );

/** One spelling for each address and subnet. */
export function normal(text: string): string {
  const [token] = findTokens(text);
  if (token?.start !== 0 || token.end !== text.length) return text;
  const subnet = subnetOf(token);
  if (subnet) return formatSubnet(subnet);
  const { version, value, length } = token;
  const bits = length === undefined ? "" : `/${length}`;
  return formatAddress(version, value) + bits;
}
