import { parse } from "yaml";

/**
 * Readers of the small formats among the generated files, each written from the format's own
 * documentation. They throw on what they don't know: a file that drifts from its grammar fails.
 */

let known = new Map<string, unknown>();

/** A YAML document, merge keys resolved; a text that was read a moment ago isn't read again. */
export function yaml(text: string): any {
  if (!known.has(text)) {
    if (known.size > 20) known = new Map();
    known.set(text, parse(text, { merge: true, strict: true }));
  }
  return known.get(text);
}

/** KEY=value lines (docker compose's .env). */
export function dotenv(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of meaningful(text, "#")) {
    const [, key = "", value = ""] = must(/^([A-Z][A-Z0-9_]*)=(\S+)$/, line);
    unique(found, key);
    found[key] = value;
  }
  return found;
}

/** `key = value` lines (sysctl.d(5)). */
export function sysctl(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of meaningful(text, "#")) {
    const [, key = "", value = ""] = must(/^([^\s=]+) = (\S+)$/, line);
    unique(found, key);
    found[key] = value;
  }
  return found;
}

export type Unit = Record<string, Record<string, string[]>>;

/** Sections of Key=value lines, keys may repeat (systemd.syntax(7)). */
export function unit(text: string): Unit {
  const found: Unit = {};
  let section: Record<string, string[]> | undefined;
  for (const line of meaningful(text, "#")) {
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      unique(found, header);
      section = found[header] = {};
      continue;
    }
    if (section === undefined) throw new Error(`outside a section: ${line}`);
    const [, key = "", value = ""] = must(/^([A-Z]\w*)=(\S.*)$/, line);
    (section[key] ??= []).push(value);
  }
  return found;
}

export interface Ndppd {
  readonly "route-ttl": string;
  readonly proxies: readonly {
    readonly interface: string;
    readonly settings: Readonly<Record<string, string>>;
    readonly rules: readonly { address: string; method: string }[];
  }[];
}

/** ndppd.conf(5). */
export function ndppd(text: string): Ndppd {
  const words = text.replaceAll(/(#|\/\/).*$/gm, "").match(/[^\s{}]+|[{}]/g);
  const queue = [...(words ?? [])];
  const next = (): string => {
    const word = queue.shift();
    if (word === undefined) throw new Error("the file ends too early");
    return word;
  };
  const expect = (wanted: string): void => {
    const word = next();
    if (word !== wanted) throw new Error(`${word} instead of ${wanted}`);
  };
  let ttl = "";
  const proxies: Ndppd["proxies"][number][] = [];
  while (queue.length > 0) {
    const word = next();
    if (word === "route-ttl") ttl = next();
    else if (word === "proxy") {
      const proxy = { interface: next(), settings: {}, rules: [] } as {
        interface: string;
        settings: Record<string, string>;
        rules: { address: string; method: string }[];
      };
      expect("{");
      for (let key = next(); key !== "}"; key = next()) {
        if (["router", "timeout", "ttl"].includes(key)) {
          unique(proxy.settings, key);
          proxy.settings[key] = next();
        } else if (key === "rule") {
          const address = next();
          expect("{");
          const method = next();
          if (method !== "static") throw new Error(`method ${method}`);
          expect("}");
          proxy.rules.push({ address, method });
        } else throw new Error(`ndppd has no ${key}`);
      }
      proxies.push(proxy);
    } else throw new Error(`ndppd has no ${word}`);
  }
  return { "route-ttl": ttl, proxies };
}

export interface Nft {
  /** What stands before the table is defined: `table …`, `delete table …`. */
  readonly commands: readonly string[];
  readonly table: string;
  readonly sets: readonly string[];
  readonly chains: Readonly<Record<string, readonly string[]>>;
}

/** One nftables table: its chains and their rules, one text each. */
export function nft(text: string): Nft {
  const commands: string[] = [];
  const sets: string[] = [];
  const chains: Record<string, string[]> = {};
  let table = "";
  let chain: string[] | undefined;
  let depth = 0;
  for (const line of meaningful(text, "#")) {
    const opening = /^(table|chain) ([\w ]+) \{$/.exec(line);
    if (opening?.[1] === "table" && depth === 0) {
      if (table !== "") throw new Error("two tables");
      table = opening[2] ?? "";
      depth = 1;
    } else if (opening?.[1] === "chain" && depth === 1) {
      chain = chains[opening[2] ?? ""] = [];
      depth = 2;
    } else if (line === "}") {
      if (depth === 0) throw new Error("a brace too many");
      depth -= 1;
    } else if (depth === 2 && chain) {
      if (/[{}]/.test(line.replaceAll(/\{ [^{}]* \}/g, "")))
        throw new Error(`braces: ${line}`);
      chain.push(line);
    } else if (
      depth === 1 &&
      /^set \w+ \{ type \w+;( elements = \{ "[^"]+" \};)? \}$/.test(line)
    )
      sets.push(line);
    else if (depth === 0) commands.push(line);
    else throw new Error(`between the chains: ${line}`);
  }
  if (depth !== 0) throw new Error("a brace is missing");
  return { commands, table, sets, chains };
}

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** A Dockerfile's instructions, continued lines joined. */
export function dockerfile(text: string): Instruction[] {
  const joined = text.replaceAll(/\\\n\s*/g, "");
  return meaningful(joined, "#").map((line) => {
    const [, name = "", value = ""] = must(/^([A-Z]+) (\S.*)$/, line);
    return { name, value };
  });
}

/** The values of plan.json by their path in it (`exposed.subnet`), without its list; one may be empty. No overlap is on. */
export function planValues(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value))
        walk(inner, path ? `${path}.${key}` : key);
    else if (["string", "boolean", "number"].includes(typeof value))
      found[path] = String(value);
    else throw new Error(`plan.json: ${path} is ${JSON.stringify(value)}`);
  };
  const { expose, previous, ...rest } = JSON.parse(text);
  if (previous !== null) throw new Error("plan.json: previous is not null");
  if (!Array.isArray(expose)) throw new Error("plan.json: expose is no list");
  walk(rest, "");
  return found;
}

/** The rows of every table of a Markdown text, header and rule left out. */
export function tableRows(markdown: string): string[][] {
  return [...markdown.matchAll(/(?:^\|.*\|\n)+/gm)].flatMap(([table]) => {
    const rows = table
      .trimEnd()
      .split("\n")
      .map((row) =>
        row
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );
    const width = rows[0]?.length;
    if (rows.some((row) => row.length !== width))
      throw new Error(`a table with rows of different width:\n${table}`);
    if (!rows[1]?.every((cell) => /^-+$/.test(cell)))
      throw new Error(`a table without a rule:\n${table}`);
    return rows.slice(2);
  });
}

export interface DnsRecord {
  readonly name: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

/** Resource records of a zone file (RFC 1035 5.1), one a line, names fully qualified. */
export function records(zone: string): DnsRecord[] {
  return meaningful(zone, ";").map((line) => {
    const [, name = "", ttl, type = "", data = ""] = must(
      /^(\S+\.) (\d+) IN (AAAA|A|PTR) (\S+)$/,
      line,
    );
    return { name, ttl: Number(ttl), type, data };
  });
}

/** Lines that say something, without white space around them. */
function meaningful(text: string, comment: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith(comment));
}

function must(pattern: RegExp, line: string): RegExpExecArray {
  const match = pattern.exec(line);
  if (match === null) throw new Error(`not in the grammar: ${line}`);
  return match;
}

function unique(found: object, key: string): void {
  if (key in found) throw new Error(`${key} is there twice`);
}
