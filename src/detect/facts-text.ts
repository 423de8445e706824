import { setAt } from "../base/wrap.ts";
import { printable } from "../base/escape.ts";
import type { Style } from "../base/colors.ts";
import type { Detected, Seen } from "./infer/findings.ts";

/**
 * What was seen on a server: value and source of each, aligned. Where a line has an end, a source
 * goes on below itself, or stands below its value if the two don't fit beside each other.
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
