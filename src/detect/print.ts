import { printable, printableJson } from "../base/escape.ts";
import { labelled, type Style } from "../base/colors.ts";
import { setAt } from "../base/wrap.ts";
import type { Detected, Detection, Seen } from "./infer/types.ts";

/** Only the answers, as `--answers` reads them. */
export function answersJson({ answers }: Detection): string {
  return printableJson(asObject(answers));
}

/** The same as YAML, each with its source as a comment. */
export function answersYaml({ answers }: Detection): string {
  return answers
    .map(
      ({ key, value, source }) =>
        // Any JSON value is also YAML (YAML 1.2, section 1.3).
        `${key}: ${JSON.stringify(value)} # ${printable(source)}`,
    )
    .join("\n");
}

/** Everything detected, for programs. docs/usage.md describes it. */
export function detectionJson({ answers, seen, warnings }: Detection): string {
  return printableJson({
    exitCode: 0,
    answers: asObject(answers),
    facts: [...answers, ...seen],
    warnings,
  });
}

/** Everything detected, for a person: the facts with their sources, then the warnings. */
export function detectionText(
  { answers, seen, warnings }: Detection,
  style: Style,
): string {
  return [
    factsText([...answers, ...seen], style),
    ...warnings.map((warning) => warningText(warning, style)),
  ]
    .filter((text) => text !== "")
    .join("\n");
}

export const warningText = (warning: string, style: Style): string =>
  labelled("warning", sentence(printable(warning)), style);

/** The text with exactly one punctuation mark at its end. */
function sentence(text: string): string {
  const bare = text.replace(/[\s.,:;]+$/, "");
  return /[?!]$/.test(bare) ? bare : `${bare}.`;
}

const asObject = (answers: readonly Detected[]): Record<string, string> =>
  Object.fromEntries(answers.map(({ key, value }) => [key, value]));

/**
 * The facts of a server as aligned columns: key, value, source. On a terminal, a long source is
 * wrapped in its column, or moved below the value if the two do not fit on one line.
 */
export function factsText(
  facts: readonly (Detected | Seen)[],
  { dim, columns }: Style,
): string {
  const width = (texts: readonly string[]): number =>
    Math.min(40, Math.max(0, ...texts.map(({ length }) => length)));
  const keys = width(facts.map(({ key }) => key));
  const values = width(facts.map(({ value }) => value));
  const column = 2 + keys + 2;
  const behind = column + values + 2;
  const below = `\n${" ".repeat(column)}`;
  return facts
    .map(({ key, value, source }) => {
      const [shown, from] = [printable(value), printable(source)];
      const longest = Math.max(...from.split(" ").map(({ length }) => length));
      const fits =
        columns === Infinity ||
        (shown.length <= values && longest <= columns - behind);
      return [
        `  ${key.padEnd(keys)}  `,
        fits ? shown.padEnd(values) : setAt(column, shown, columns),
        fits ? "  " : below,
        dim(setAt(fits ? behind : column, from, columns)),
      ].join("");
    })
    .join("\n");
}
