import fc from "fast-check";
import type { Answers } from "../../src/answers/types.ts";
import { survey, type Given } from "../../src/answers/resolve.ts";
import { resolveAll } from "../../src/reconcile/prepare.ts";
import { spelling } from "../support/arbitrary.ts";
import { nibbles, parse6 } from "../support/ipv6.ts";
import type { File } from "../../src/render/render.ts";
import { renderedOf, type World } from "./in-memory.ts";

/** What owners do to a repository; numbers are taken modulo what there is. */
export interface Edit {
  readonly kind: (typeof KINDS)[number];
  readonly file: number;
  readonly at: number;
  readonly to: number;
  /** How it spells an address (spelling() in arbitrary.ts). */
  readonly style: number;
  /** Tells the lines of one edit from all others. */
  readonly mark: string;
}

const KINDS = [
  "insert",
  "insert",
  "append",
  "comment on an address",
  "change",
  "delete",
  "move",
  "reindent",
  "service",
  "rule",
  "variable",
  "own file",
  "crlf",
  "no final newline",
  "chmod",
  "delete file",
  "line that changes",
  "line that changes",
  "next address",
  "next address",
  "file in the way",
  "sidecar",
  "link",
  "markers",
] as const;

const editsIn = (styles: readonly number[]): fc.Arbitrary<Edit[]> =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom(...KINDS),
        file: fc.nat(),
        at: fc.nat(),
        to: fc.nat(),
        style: fc.constantFrom(...styles),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((list) =>
      list.map((edit, index) => ({ ...edit, mark: `owner-${index}-x` })),
    );

export const edits = editsIn([0, 1, 2, 3, 4, 5, 6]);

/** Addresses zero-padded, in upper case or as RFC 5952 has them: no way back loses these. */
export const normalEdits = editsIn([0, 1, 6]);

/** A line of a format's comment, or what stands for one. */
function comment(path: string, text: string): string | undefined {
  if (path.endsWith(".json")) return undefined;
  if (path.endsWith(".md")) return text;
  return `# ${text}`;
}

/** An address of the owner's own in the present prefix, in one of the spellings of RFC 4291 2.2. */
function addressIn(world: World, { at, style }: Edit): string {
  const first = world.state.answers.prefix.split("/")[0] as string;
  const value = (parse6(first) as bigint) + 0xab00n + BigInt(at % 251);
  return spelling(value, style);
}

/** What owners have around an address, as far as it goes into any comment. */
const AROUND: readonly ((address: string) => string)[] = [
  (address) => `${address}.`,
  (address) => `ip6:${address}`,
  (address) => `user:${address}@host`,
  (address) => `_${address}_`,
  (address) => `kong_${address}`,
  (address) => `[${address}]:443`,
  (address) => `${address}.443: Flags`,
  (address) => String.raw`\n${address}`,
  (address) => `${address}/128,`,
  (address) => `*.${nibbles(parse6(address) as bigint)}`,
  (address) => `db.${nibbles(parse6(address) as bigint)}zone`,
];

const NAMING =
  /^(README\.md|docker-compose\.yml|\.env\.example|host\/etc\/(netplan|ndppd|kong).*|scripts\/lib\/plan\.sh|scripts\/network\.sh)$/;

/** Behind what the owner may not put anything into: a line that goes on, a heredoc, a string. */
const inTheMiddle = (path: string, line: string): boolean =>
  path.endsWith(".json") ||
  /\\$|<<|['"]$|[|>]$/.test(line) ||
  path.endsWith(".py");

/**
 * @param next the answers that regenerate is going to get
 * @returns the world after the edit, and the lines that the owner added
 */
function applyEdit(
  world: World,
  edit: Edit,
  next: Answers,
): { world: World; added: string[] } {
  const { kind, mark, at, to } = edit;
  if (KNOWING_NEXT.has(kind)) return editKnowing(world, edit, next);
  const files = new Map(world.files);
  const set = (path: string, change: Partial<File>): void => {
    files.set(path, { ...(files.get(path) as File), ...change });
  };
  const done = (...added: string[]): { world: World; added: string[] } => ({
    world: { ...world, files },
    added,
  });
  const named = (path: string): string | undefined => files.get(path)?.text;

  if (kind === "own file") {
    const text = `${mark} ${addressIn(world, edit)}\n`;
    files.set(`notes/${mark}.txt`, { text, mode: 0o640 });
    return done();
  }
  if (kind === "service") {
    const text = named("docker-compose.yml");
    if (text === undefined || !/^services:\r?$/m.test(text)) return done();
    const lines = [`  ${mark}:`, `    image: ${mark}:1`];
    set("docker-compose.yml", {
      text: text.replace(
        /^services:\r?\n/m,
        (head) => `${head}${lines.join("\n")}\n`,
      ),
    });
    return done(...lines);
  }
  if (kind === "rule") {
    const text = named("host/etc/ndppd.conf");
    if (text === undefined) return done();
    const lines = [
      `  rule ${addressIn(world, { ...edit, style: 6 })}/128 { # ${mark}`,
      `    auto # ${mark}`,
      `  } # ${mark}`,
    ];
    set("host/etc/ndppd.conf", {
      text: text.replace(
        /^proxy .*\r?\n/m,
        (head) => `${head}${lines.join("\n")}\n`,
      ),
    });
    return done(...lines);
  }
  if (kind === "variable") {
    const text = named(".env");
    if (text === undefined) return done();
    const name = mark.replaceAll("-", "_").toUpperCase();
    const line = `${name}=${addressIn(world, edit)} ${mark}`;
    const gap = text.endsWith("\n") ? "" : "\n";
    set(".env", { text: `${text}${gap}${line}\n` });
    return done(line);
  }

  // Mostly files that name addresses, mostly near one.
  const all = [...files.keys()].filter((path) => path !== ".env").sort();
  const naming = all.filter((path) => NAMING.test(path));
  const paths = edit.file % 8 < 7 ? naming : all;
  const path = paths[edit.file % paths.length] as string;
  const { text, mode } = files.get(path) as File;
  if (kind === "delete file") {
    files.delete(path);
    return done();
  }
  if (kind === "link") {
    files.delete(path);
    const others = new Map([...world.others, [path, "a symbolic link"]]);
    return { world: { ...world, files, others }, added: [] };
  }
  if (kind === "sidecar") {
    const at = `${path}.new`;
    if (!files.has(at)) files.set(at, { text: `${mark}\n`, mode: 0o644 });
    return done();
  }
  if (kind === "markers") {
    const lines = ["<<<<<<< a", mark, "=======", ">>>>>>> b"];
    set(path, { text: `${text}\n${lines.join("\n")}\n` });
    return done(mark);
  }
  if (kind === "chmod") {
    set(path, { mode: mode ^ 0o010 });
    return done();
  }
  if (kind === "crlf") {
    // bash takes no CRLF: nobody has it there.
    if (/\.(sh|py)$/.test(path)) return done();
    set(path, { text: text.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n") });
    return done();
  }
  if (kind === "no final newline") {
    set(path, { text: text.replace(/\r?\n$/, "") });
    return done();
  }

  const lines = text.split("\n");
  const near = lines.flatMap((line, number) =>
    /2a03|::|10\.83/i.test(line) ? [number, number + 1] : [],
  );
  const index =
    near.length > 0 && to % 3 > 0
      ? Math.min(near[at % near.length] as number, lines.length - 1)
      : at % lines.length;
  const own = (line: string): string =>
    text.includes("\r\n") ? `${line}\r` : line;
  const put = (...result: string[]): void =>
    set(path, { text: result.join("\n") });
  const line = lines[index] as string;
  const plain = comment(path, mark);
  if (kind === "insert") {
    if (plain === undefined || inTheMiddle(path, lines[index - 1] ?? ""))
      return done();
    put(...lines.toSpliced(index, 0, own(plain)));
    return done(plain);
  }
  if (kind === "append") {
    if (plain === undefined) return done();
    const gap = text.endsWith("\n") ? "" : "\n";
    set(path, { text: `${text}${gap}${own(plain)}\n` });
    return done(plain);
  }
  if (kind === "comment on an address") {
    if (plain === undefined || inTheMiddle(path, lines[index - 1] ?? ""))
      return done();
    const around = AROUND[(at + to) % AROUND.length] ?? String;
    const about = `${plain} ${around(addressIn(world, edit))}`;
    put(...lines.toSpliced(index, 0, own(about)));
    return done(about);
  }
  if (kind === "change") {
    if (plain === undefined || !/^#(?!!)/.test(line)) return done();
    put(...lines.with(index, own(plain)));
    return done(plain);
  }
  // The rest only where a line more or less, or its indent, says nothing about the lines around it.
  if (/\.(json|py|ya?ml)$/.test(path)) return done();
  if (kind === "delete") put(...lines.toSpliced(index, 1));
  if (kind === "move")
    put(...lines.toSpliced(index, 1).toSpliced(to % lines.length, 0, line));
  if (kind === "reindent") put(...lines.with(index, `  ${line}`));
  return done();
}

const KNOWING_NEXT: ReadonlySet<Edit["kind"]> = new Set([
  "line that changes",
  "next address",
  "file in the way",
] as const);

/** Edits that meet what regenerate is going to write. */
function editKnowing(
  world: World,
  { kind, file, at, mark }: Edit,
  next: Answers,
): { world: World; added: string[] } {
  const rendered = renderedOf(next);
  const nothing = { world, added: [] };
  const put = (
    path: string,
    text: string,
    mode: number,
    ...added: string[]
  ): { world: World; added: string[] } => {
    const files = new Map(world.files).set(path, { text, mode });
    return { world: { ...world, files }, added };
  };
  if (kind === "file in the way") {
    const free = [...rendered.keys()].filter(
      (path) => !world.files.has(path) && !world.state.files[path],
    );
    const path = free[file % free.length];
    return path ? put(path, `${mark}\n`, 0o644) : nothing;
  }
  if (kind === "next address") {
    const { kong, host, exposed, prefix, backendSubnet, gateway } = next;
    const all = [kong, host, exposed, prefix, backendSubnet, gateway];
    const paths = [...world.files.keys()].filter((path) => NAMING.test(path));
    const path = paths[file % paths.length];
    const line = path && comment(path, `${all[at % all.length]} ${mark}`);
    const old = path && world.files.get(path);
    if (!old || !line || old.text.includes("\r\n")) return nothing;
    const first = /^#!.*\n/.exec(old.text)?.[0] ?? "";
    const text = `${first}${line}\n${old.text.slice(first.length)}`;
    return put(path, text, old.mode, line);
  }
  const places = [...world.files].flatMap(([path, { text }]) => {
    const now = rendered.get(path)?.text;
    if (now === undefined || !comment(path, "")) return [];
    const kept = new Set(now.split("\n"));
    const known = new Set((world.state.files[path]?.text ?? "").split("\n"));
    return text
      .split("\n")
      .flatMap((line, index) =>
        known.has(line) && !kept.has(line) ? [[path, index] as const] : [],
      );
  });
  const [path, index] = places[at % places.length] ?? [];
  const old = path && world.files.get(path);
  if (!old || index === undefined) return nothing;
  const lines = old.text.split("\n");
  const line = `${lines[index]} # ${mark}`;
  return put(path, lines.with(index, line).join("\n"), old.mode, line);
}

/** As short as they come, without letters, or full: not every spelling finds its like in each. */
const group = fc
  .oneof(
    fc.constantFrom(0, 1, 2, 0x10, 0xa, 0xab, 0xffff),
    fc.integer({ min: 0, max: 0xffff }),
  )
  .map((n) => n.toString(16));

const start = fc.oneof(
  fc.constantFrom(0x2600, 0x2409),
  fc.integer({ min: 0x2a00, max: 0x2aff }),
);

/** Somebody else's /64. */
const prefix64 = fc
  .tuple(start, group, group, group)
  .map(([first, ...rest]) => `${[first.toString(16), ...rest].join(":")}::/64`);

const shorter = fc
  .tuple(start, group, group, fc.constantFrom(48, 52, 56, 60))
  .map(
    ([first, two, three, length]) =>
      `${first.toString(16)}:${two}:${three}::/${length}`,
  );

/** What changes: most often the prefix. */
const answerChange: fc.Arbitrary<Given> = fc.oneof(
  { weight: 6, arbitrary: prefix64.map((prefix) => ({ prefix })) },
  { weight: 2, arbitrary: shorter.map((prefix) => ({ prefix })) },
  // These change which files there are, and their paths.
  {
    weight: 3,
    arbitrary: fc.constantFrom<Given>(
      { database: "off" },
      { ndp: "kernel" },
      { interface: "enp1s0" },
      { interface: "eth1" },
      { dataDir: "./var" },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Given>(
      { kong: "2a03:2222:3333:4444:300::9" },
      { exposed: "2a03:2222:3333:4444:400::/80" },
      {
        exposed: "2a03:2222:3333:4444:500::/112",
        kong: "2a03:2222:3333:4444:500::7",
      },
      { host: "2a03:2222:3333:4444::5" },
      { gateway: "fe80::9" },
      { backendSubnet: "172.30.0.0/16" },
      { backendSubnet: "192.168.7.0/28" },
      { database: "off" },
      { ndp: "kernel" },
      { ndp: "none" },
      { interface: "enp1s0" },
      { interface: "eth0.7", ndp: "kernel" },
      { delivery: "routed", ndp: "none" },
      { network: "public" },
      { domain: "gw.example.com" },
      { ipv4: "198.51.100.7" },
      { ipv4: "198.51.100.7/24", ipv4Gateway: "198.51.100.1" },
      { firewall: "nftables" },
      { plugin: ["kong-oidc"] },
      { expose: ["mail:25", "dns:53/udp"] },
      { dataDir: "/srv/kong" },
      { dataDir: "./var" },
      { kongImage: "kong:3.9.4" },
      { internalPrefix: "fd11:2233:4455::/64" },
      {},
    ),
  },
);

/** One to three changes at once; those that don't go with the others are left out. */
export const answerChanges = fc.array(answerChange, {
  minLength: 1,
  maxLength: 3,
});

/**
 * Several edits one after the other, the lines that are the owner's at last, and those that the owner
 * took from their place, by file.
 */
export function editAll(
  first: World,
  list: readonly Edit[],
  given: Given,
): {
  world: World;
  added: [string, string][];
  taken: [string, string][];
} {
  let world = first;
  const { answers } = resolveAll(
    survey(given, { defaults: false }),
    first.state,
  );
  const added: [string, string][] = [];
  const taken: [string, string][] = [];
  for (const one of list) {
    const before = world;
    const result = applyEdit(world, one, answers);
    world = result.world;
    const path = [...world.files.keys()].find(
      (at) => world.files.get(at) !== before.files.get(at),
    );
    if (!path) continue;
    added.push(...result.added.map((line): [string, string] => [path, line]));
    if (one.kind === "delete" || one.kind === "move")
      taken.push(
        ...firstDifference(linesOf(before, path), linesOf(world, path)).map(
          (line): [string, string] => [path, line],
        ),
      );
  }
  // A later edit may have taken back what an earlier one added.
  return {
    world,
    added: added.filter(([path, line]) => linesOf(world, path).includes(line)),
    taken,
  };
}

const linesOf = ({ files }: World, path: string): string[] =>
  files.get(path)?.text.split(/\r?\n/) ?? [];

/** The line that was moved up, or moved down or deleted: it is one of the two. */
function firstDifference(
  before: readonly string[],
  after: readonly string[],
): string[] {
  const at = before.findIndex((line, index) => line !== after[index]);
  return [before[at], after[at]].filter((line) => line !== undefined);
}
