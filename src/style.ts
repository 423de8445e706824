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

export type Style = Readonly<Record<keyof typeof CODES, Paint>>;

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
  return Object.fromEntries(paints) as Style;
}
