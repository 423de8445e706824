import { readFileSync, writeFileSync } from "node:fs";
import { QUESTIONS } from "../src/answers.ts";
import { alignTables } from "../src/tables.ts";

export const RECORDING = new URL("../docs/terminal.svg", import.meta.url)
  .pathname;
export const README = new URL("../README.md", import.meta.url).pathname;

/** README with its table of answers as src/answers.ts has them. */
export function withAnswers(readme: string): string {
  const rows = QUESTIONS.map(
    ({ key, flag, meaning, choices, otherwise }) =>
      `| \`${key}\` | \`${flag}\` | ${meaning}${choices ? `: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : ""} | ${usual(otherwise)} |\n`,
  );
  const table = alignTables(
    `| Key | Flag | Meaning | Default |\n| --- | --- | --- | --- |\n${rows.join("")}`,
  );
  return readme.replace(
    /(<!-- answers:.*?-->\n)[^]*?(<!-- \/answers -->)/,
    `$1\n${table}\n$2`,
  );
}

function usual(otherwise: string): string {
  return /^[\w./:<>]+$/.test(otherwise) && /[.:/<\d_]/.test(otherwise)
    ? `\`${otherwise}\``
    : otherwise;
}

if (import.meta.filename === process.argv[1]) {
  writeFileSync(README, withAnswers(readFileSync(README, "utf8")));
  const { record } = await import("./recording/record.ts");
  const { toSvg } = await import("./recording/svg.ts");
  writeFileSync(RECORDING, toSvg(await record()));
}
