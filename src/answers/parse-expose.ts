import { attempt, Refusal } from "../base/errors.ts";
import { formatAddress } from "../ip/address.ts";
import { parseGlobalAddress } from "./parse-addresses.ts";
import type { Expose, Port } from "./types.ts";

const FORM = "Write it like mail:25,587 or dns:53,53/udp";

/** Services of the generated docker-compose.yml. */
const RESERVED = ["kong", "kong-migration", "kong-database"];

/** What YAML 1.1 and 1.2 read as null or as a boolean. */
const YAML_WORDS = "null true false yes no on off y n".split(" ");

/** `--expose`: `NAME@[ADDRESS]:PORT[/udp][,PORT…]`. @throws Refusal */
export function parseExpose(text: string): Expose {
  const form = /^([^@:]*)(?:@\[([^\]]*)\])?:([^\]]*)$/.exec(text);
  if (form === null)
    throw refuse(
      "it is not NAME@[ADDRESS]:PORT",
      bracketed(text),
      formFor(text),
    );
  const [, given = "", typed, list = ""] = form;
  const name = parseName(given, text.slice(given.length));
  const ports = parsePorts(list, formFor(name));
  const address =
    typed === undefined ? undefined : parseOwn(typed.trim(), name, list);
  return { name, address, ports, text };
}

/** A container's address. If it can't be, the remedy is the entry with what would do. */
function parseOwn(typed: string, name: string, ports: string): bigint {
  try {
    return parseGlobalAddress(typed);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, corrected } = error;
    const at = corrected === undefined ? "" : `@[${corrected}]`;
    throw refuse(message, `${name}${at}:${ports}`, FORM);
  }
}

/** How to write an entry, with the owner's name if it is one. */
const formFor = (name: string): string =>
  attempt(() => parseName(name, "")) === undefined
    ? FORM
    : `Write it like ${name}:25,587 or ${name}:53/udp`;

/** A refusal that names the entry that was probably meant, if there is one. */
const refuse = (
  reason: string,
  corrected: string | undefined,
  form: string,
): Refusal =>
  corrected === undefined
    ? new Refusal(reason, form)
    : new Refusal(reason, `Try ${corrected}`, { corrected });

/** The remedy if only the brackets around the address are missing. */
function bracketed(text: string): string | undefined {
  const [, name, address = "", ports] =
    /^([^@:]+)@([\da-f:]+):([\d,/a-z]+)$/i.exec(text) ?? [];
  const valid = attempt(() => parseGlobalAddress(address)) !== undefined;
  return valid ? `${name}@[${address}]:${ports}` : undefined;
}

/** The normal form of a value of `--expose`. */
export function formatExpose({
  name,
  address,
  ports,
}: Omit<Expose, "text">): string {
  const at = address === undefined ? "" : `@[${formatAddress(6, address)}]`;
  return `${name}${at}:${ports.map(formatPort).join(",")}`;
}

/** `25`, `53/udp` */
export const formatPort = ({ port, protocol }: Port): string =>
  protocol === "tcp" ? String(port) : `${port}/${protocol}`;

/** `{name, address, ports}` of an answers file as the text of the flag. @throws Refusal */
export function exposeText(value: object): string {
  const { name, address, ports, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  const form =
    "Write it like {name: mail, ports: [25, 587]}, or with an address";
  if (unknown !== undefined)
    throw new Refusal(`there is no key ${JSON.stringify(unknown)}`, form);
  if (typeof name !== "string") throw new Refusal("name is not text", form);
  if (address !== undefined && typeof address !== "string")
    throw new Refusal("address is not text", form);
  const list: unknown[] = Array.isArray(ports) ? ports : [ports];
  if (!list.every((port) => ["number", "string"].includes(typeof port)))
    throw new Refusal("ports is not a list like [25, 53/udp]", form);
  const at = address === undefined ? "" : `@[${address}]`;
  return `${name}${at}:${list.join(",")}`;
}

const isName = (text: string): boolean =>
  /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

/**
 * A container's name. It is also a label in DNS (RFC 1123 2.1), a key in YAML and part of a variable's
 * name in .env.
 */
function parseName(name: string, rest: string): string {
  if (!isName(name)) {
    const plain = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^[\d-]+|-+$/g, "");
    throw refuse(
      "the name needs a letter first, then a-z, 0-9 and hyphens",
      isName(plain) ? plain + rest : undefined,
      FORM,
    );
  }
  const why = RESERVED.includes(name)
    ? `${name} is a service of docker-compose.yml`
    : YAML_WORDS.includes(name)
      ? `${name} is no text in YAML`
      : undefined;
  if (why !== undefined) throw refuse(why, `my-${name}${rest}`, FORM);
  return name;
}

/** Sorted, TCP first, each once. */
function parsePorts(text: string, remedy: string): Port[] {
  const ports = new Map<string, Port>();
  for (const one of text.split(",")) {
    const [, digits, protocol = "tcp"] =
      /^\s*(\d{1,5})(?:\/(tcp|udp))?\s*$/.exec(one.toLowerCase()) ?? [];
    const port = Number(digits);
    if (digits === undefined || port < 1 || port > 65535)
      throw new Refusal(
        `${JSON.stringify(one)} is not a port, or PORT/udp`,
        remedy,
      );
    const parsed: Port = { port, protocol: protocol as Port["protocol"] };
    ports.set(formatPort(parsed), parsed);
  }
  return [...ports.values()].sort(
    (a, b) => a.protocol.localeCompare(b.protocol) || a.port - b.port,
  );
}
