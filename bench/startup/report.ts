import { TARGETS } from "./ours.ts";
import type { FirstCall } from "./packages.ts";

export interface Row {
  readonly name: string;
  /** Median. */
  readonly milliseconds: number;
  /** To `node -e 0` of the same run. */
  readonly ratio: number;
}

export interface Findings {
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly calls: readonly FirstCall[];
  readonly versions: ReadonlyMap<string, string>;
  readonly machine: string;
}

/** docs/benchmarks.md. */
export function page({
  rows,
  rounds,
  calls,
  versions,
  machine,
}: Findings): string {
  const own = rows.filter(({ name }) => name in TARGETS);
  const others = rows.filter(({ name }) => !(name in TARGETS));
  const peers = [...versions].map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

Written by \`npm run bench\`. Whole processes, from start to end, as medians of ${rounds} rounds in which every case runs once, in a new order each round; the ratio is to \`node -e 0\` of the same run. ${machine}.

## The command

${table(
  ["", "ms", "ratio", "at most"],
  own.map(({ name, milliseconds, ratio }) => [
    name,
    milliseconds.toFixed(0),
    ratio.toFixed(2),
    String(TARGETS[name]),
  ]),
)}

"create --yes" writes the whole repository, "regenerate" follows a new prefix through one that its owner has edited in four files, "an error" is a prefix that can't be, "first prompt" is timed in a pseudo-terminal until the first question is on the screen.

## Beside others

${peers.join(", ")}; each writes the least that it writes: create-vite and sv a small project, hygen and plop one file.

${table(
  ["", "ms", "ratio"],
  others.map(({ name, milliseconds, ratio }) => [
    name,
    milliseconds.toFixed(0),
    ratio.toFixed(2),
  ]),
)}

## The first call

\`npx NAME --help\` in an empty folder with an empty cache, once each: create-kong-ipv6 from its packed tarball, the others from a registry, so that their seconds hold a download.

${table(
  ["", "seconds", "packages", "installed"],
  calls.map(({ name, seconds, packages, bytes }) => [
    name,
    seconds.toFixed(1),
    String(packages),
    `${(bytes / 1e6).toFixed(1)} MB`,
  ]),
)}
`;
}

/** A table as prettier writes it. */
function table(
  head: readonly string[],
  body: readonly (readonly string[])[],
): string {
  const lines = [head, ...body];
  const widths = head.map((_, column) =>
    Math.max(3, ...lines.map((cells) => (cells[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...body.map(line)].join("\n");
}
