import { setAt } from "./wrap.ts";

/** Adds a colour to a text, or returns it as it is. */
type Paint = (text: string) => string;

/** SGR codes (ECMA-48 8.3.117) that turn a style on and off. */
const CODES = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
} as const;

export type Style = Readonly<Record<keyof typeof CODES, Paint>> & {
  /** The width of a line: 80 on a terminal; Infinity for a file or a pipe, where lines are not wrapped. */
  readonly columns: number;
};

/** Colours only on a terminal, and never with --no-color or NO_COLOR (no-color.org). */
export function styleFor(terminal: boolean, color: boolean): Style {
  const wanted =
    terminal &&
    color &&
    !process.env["NO_COLOR"] &&
    process.env["TERM"] !== "dumb";
  const paints = Object.entries(CODES).map(([name, [on, off]]) => [
    name,
    wanted
      ? (text: string) => `\u001b[${on}m${text}\u001b[${off}m`
      : (text: string) => text,
  ]);
  return {
    ...(Object.fromEntries(paints) as Record<keyof typeof CODES, Paint>),
    columns: terminal ? 80 : Infinity,
  };
}

/** `error TEXT`, `warning TEXT`; further lines are indented to where the text starts. */
export function labelled(
  label: "error" | "warning",
  text: string,
  style: Style,
): string {
  const paint = label === "error" ? style.red : style.yellow;
  return `${paint(label)} ${setAt(label.length + 1, text, style.columns)}`;
}
