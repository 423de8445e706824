import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { QUESTIONS } from "../src/answers/questions.ts";
import { alignTables } from "./markdown-table.ts";

export const RECORDING = fileURLToPath(
  new URL("../docs/terminal.svg", import.meta.url),
);
const ANSWERS = fileURLToPath(new URL("../docs/answers.md", import.meta.url));

/** docs/answers.md with its table as src/answers/questions.ts has it. */
export function withAnswers(document: string): string {
  const rows = QUESTIONS.map(
    ({ key, flag, meaning, choices, defaultText }) =>
      `| \`${key}\` | \`${flag}\` | ${meaning}${choices ? `: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : ""} | ${usual(defaultText)} |\n`,
  );
  const table = alignTables(
    `| Key | Flag | Meaning | Default |\n| --- | --- | --- | --- |\n${rows.join("")}`,
  );
  return document.replace(
    /(<!-- answers:.*?-->\n)[^]*?(<!-- \/answers -->)/,
    `$1\n${table}\n$2`,
  );
}

function usual(defaultText: string): string {
  return /^[\w./:<>]+$/.test(defaultText) && /[.:/<\d_]/.test(defaultText)
    ? `\`${defaultText}\``
    : defaultText;
}

if (import.meta.filename === process.argv[1]) {
  writeFileSync(ANSWERS, withAnswers(readFileSync(ANSWERS, "utf8")));
  const { record, WORDS } = await import("./recording/record.ts");
  const { toSvg } = await import("./recording/svg.ts");
  writeFileSync(RECORDING, toSvg(await record(), WORDS));
}
