import picocolors from "picocolors";

export type Style = ReturnType<typeof picocolors.createColors>;

/**
 * Colours for a stream: only on a terminal, never with --no-color or NO_COLOR (no-color.org).
 */
export function styleFor(stream: { isTTY?: boolean }, color: boolean): Style {
  const wanted =
    color && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return picocolors.createColors(wanted && stream.isTTY === true);
}
