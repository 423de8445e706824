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

Written by \`npm run bench\`. Each figure is the time of a whole process: the median of ${rounds} rounds. Every round runs each case once, in a new order. The ratio is to \`node -e 0\` of the same run. ${machine}.

## The command

${missed(own)}

${table(
  ["", "ms", "ratio", "at most"],
  own.map(({ name, milliseconds, ratio }) => [
    name,
    milliseconds.toFixed(0),
    ratio.toFixed(2),
    String(TARGETS[name]),
  ]),
)}

"create --yes" writes the whole repository. "regenerate" moves a repository with four edited files to a new prefix. "an error" is an invalid prefix. "first prompt" is the time until the first question is on the screen of a pseudo-terminal.

## Compared with other generators

${peers.join(", ")}. Each writes as little as it can: create-vite and sv a small project, hygen and plop one file.

${table(
  ["", "ms", "ratio"],
  others.map(({ name, milliseconds, ratio }) => [
    name,
    milliseconds.toFixed(0),
    ratio.toFixed(2),
  ]),
)}

## The first call

\`npx NAME --help\` in an empty folder with an empty cache, once each. create-kong-ipv6 comes from its packed tarball, the others from a registry, so their seconds include a download.

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

/** Which targets this run missed. */
function missed(own: readonly Row[]): string {
  const over = own.filter(({ name, ratio }) => ratio > (TARGETS[name] ?? 0));
  return over.length === 0
    ? "All targets are met."
    : `Missed targets: ${over.map(({ name, ratio }) => `${name} takes ${ratio.toFixed(2)}, at most ${TARGETS[name]}`).join("; ")}.`;
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
