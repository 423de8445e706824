import { diffComm } from "node-diff3";
import { marked } from "./conflict-markers.ts";

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
