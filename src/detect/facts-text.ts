import { printable } from "../printable.ts";
import type { Style } from "../style.ts";
import type { Detected, Seen } from "./findings.ts";

/** What was seen on a server: value and source of each, one a line, aligned. */
export function factsText(
  facts: readonly (Detected | Seen)[],
  style: Style,
): string {
  const width = (texts: readonly string[]): number =>
    Math.min(40, Math.max(0, ...texts.map(({ length }) => length)));
  const keys = width(facts.map(({ key }) => key));
  const values = width(facts.map(({ value }) => value));
  return facts
    .map(
      ({ key, value, source }) =>
        `  ${key.padEnd(keys)}  ${printable(value).padEnd(values)}  ${style.dim(printable(source))}`,
    )
    .join("\n");
}
