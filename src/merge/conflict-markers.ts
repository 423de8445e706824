import { diffComm } from "node-diff3";

const START = "<<<<<<< yours";
const MIDDLE = "=======";
export const END = ">>>>>>> create-kong-ipv6";

/** Lines of both sides between git's conflict markers. */
export const marked = (
  yours: readonly string[],
  generated: readonly string[],
): string[] => [START, ...yours, MIDDLE, ...generated, END];

/** Both texts in one, with conflict markers around what differs. */
export function withMarkers(yours: string, generated: string): string {
  return diffComm(lines(yours), lines(generated))
    .flatMap(({ common, buffer1 = [], buffer2 = [] }) =>
      common
        ? common
        : marked(buffer1.map(content), buffer2.map(content)).map(
            (line) => `${line}\n`,
          ),
    )
    .join("");
}

/** Each with its end, which the last one may lack. */
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const content = (line: string): string => line.replace(/\n$/, "");

/**
 * Whether a text has conflict markers. One of our own is enough. Markers of other programs count only
 * if the text has both a start and an end marker.
 */
export function hasMarkers(text: string): boolean {
  return (
    new RegExp(`^(${START}|${END})\\r?$`, "m").test(text) ||
    (/^<{7} /m.test(text) && /^>{7} /m.test(text))
  );
}
