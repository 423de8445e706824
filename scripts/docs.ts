import { readFileSync, writeFileSync } from "node:fs";
import { QUESTIONS } from "../src/answers/questions.ts";
import { alignTables } from "../src/base/markdown-table.ts";

export const RECORDING = new URL("../docs/terminal.svg", import.meta.url)
  .pathname;
export const NETWORK = new URL("../docs/network.md", import.meta.url).pathname;
export const README = new URL("../README.md", import.meta.url).pathname;

/** README with its table of answers as src/answers/questions.ts has them. */
export function withAnswers(readme: string): string {
  const rows = QUESTIONS.map(
    ({ key, flag, meaning, choices, defaultText }) =>
      `| \`${key}\` | \`${flag}\` | ${meaning}${choices ? `: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : ""} | ${usual(defaultText)} |\n`,
  );
  const table = alignTables(
    `| Key | Flag | Meaning | Default |\n| --- | --- | --- | --- |\n${rows.join("")}`,
  );
  return readme.replace(
    /(<!-- answers:.*?-->\n)[^]*?(<!-- \/answers -->)/,
    `$1\n${table}\n$2`,
  );
}

/** Rows of docs/network.md that say most; the rest is there. */
const WAYS = [
  "Client's address as the gateway sees it",
  "The gateway's own IPv6 connections come from",
  "CPU seconds for 10,000 requests",
  "CPU seconds for 10,000 requests on new connections",
  "CPU seconds for a gigabyte",
];

/** README with the figures of docs/network.md. @throws if a row isn't there */
export function withWays(readme: string, network: string): string {
  const rows = network
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1));
  const [heading, ruler] = rows;
  const chosen = WAYS.map((name) => {
    const row = rows.find(([first]) => first?.trim() === name);
    if (row === undefined) throw new Error(`docs/network.md has no "${name}"`);
    return row;
  });
  const table = [heading, ruler, ...chosen].map(
    (row) => `|${row?.join("|")}|\n`,
  );
  return readme.replace(
    /(<!-- ways:.*?-->\n)[^]*?(<!-- \/ways -->)/,
    `$1\n${alignTables(table.join(""))}\n$2`,
  );
}

function usual(defaultText: string): string {
  return /^[\w./:<>]+$/.test(defaultText) && /[.:/<\d_]/.test(defaultText)
    ? `\`${defaultText}\``
    : defaultText;
}

if (import.meta.filename === process.argv[1]) {
  const readme = withAnswers(readFileSync(README, "utf8"));
  writeFileSync(README, withWays(readme, readFileSync(NETWORK, "utf8")));
  const { record } = await import("./recording/record.ts");
  const { toSvg } = await import("./recording/svg.ts");
  writeFileSync(RECORDING, toSvg(await record()));
}
