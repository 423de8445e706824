import { printable, printableJson } from "../base/escape.ts";
import { labelled, type Style } from "../base/colors.ts";
import { factsText } from "./facts-text.ts";
import type { Detected, Detection } from "./infer/findings.ts";

/** The answers alone: what `--answers` reads. */
export function answersJson({ answers }: Detection): string {
  return printableJson(asObject(answers));
}

/** The same in YAML, each with the fact that it came from behind it. */
export function answersYaml({ answers }: Detection): string {
  return answers
    .map(
      ({ key, value, source }) =>
        // A JSON text is a YAML text too (YAML 1.2, 1.3): whatever is in it.
        `${key}: ${JSON.stringify(value)} # ${printable(source)}`,
    )
    .join("\n");
}

/** All that was seen, for programs; README "Detect" describes it. */
export function detectionJson({ answers, seen, warnings }: Detection): string {
  return printableJson({
    exitCode: 0,
    answers: asObject(answers),
    facts: [...answers, ...seen],
    warnings,
  });
}

/** All that was seen, for a person: value and source of each, then what is to be known. */
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

const sentence = (text: string): string => text.replace(/[.?]?$/, ".");

const asObject = (answers: readonly Detected[]): Record<string, string> =>
  Object.fromEntries(answers.map(({ key, value }) => [key, value]));
