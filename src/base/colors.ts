import { setAt } from "./wrap.ts";

/** Puts a colour around a text, or nothing. */
type Paint = (text: string) => string;

/** SGR codes (ECMA-48 8.3.117): what turns a colour on, and off again. */
const CODES = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
} as const;

export type Style = Readonly<Record<keyof typeof CODES, Paint>> & {
  /** How wide a line may be: on a terminal 80; what reads a file or a pipe wants its lines whole. */
  readonly columns: number;
};

/** Colours: only on a terminal, never with --no-color or NO_COLOR (no-color.org). */
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

/** `error …`, `warning …`: lines after the first stand under its text. */
export function labelled(
  label: "error" | "warning",
  text: string,
  style: Style,
): string {
  const paint = label === "error" ? style.red : style.yellow;
  return `${paint(label)} ${setAt(label.length + 1, text, style.columns)}`;
}
