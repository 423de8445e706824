import { diffComm } from "node-diff3";
import { generatedHunk } from "./own-blocks.ts";

interface Taken {
  readonly text: string;
  readonly hunks: number;
}

/**
 * The owner's text with the generated lines in each place where they leave fewer faults.
 * @param faults how many faults a text has
 * @returns undefined if faults are left
 */
export function takeFaultyHunks(
  yours: string,
  generated: string,
  faults: (text: string) => number,
): Taken | undefined {
  let taken: Taken = { text: yours, hunks: 0 };
  // A text that does not parse hides its other faults.
  for (;;) {
    const { text, hunks } = takeOnce(taken.text, generated, faults);
    if (hunks === 0) break;
    taken = { text, hunks: taken.hunks + hunks };
  }
  return taken.hunks > 0 && faults(taken.text) === 0 ? taken : undefined;
}

function takeOnce(
  yours: string,
  generated: string,
  faults: (text: string) => number,
): Taken {
  const regions = diffComm(yours.split("\n"), generated.split("\n"));
  const before = faults(yours);
  const textWith = (isTaken: (index: number) => boolean): string =>
    regions
      .flatMap(({ common, buffer1 = [], buffer2 = [] }, index) => {
        if (common || !isTaken(index)) return common ?? buffer1;
        const hunk = { yours: buffer1, base: buffer2, generated: buffer2 };
        return generatedHunk(hunk) ?? buffer2;
      })
      .join("\n");
  const better = new Set(
    regions.flatMap(({ common }, index) =>
      !common && faults(textWith((other) => other === index)) < before
        ? [index]
        : [],
    ),
  );
  return { text: textWith((index) => better.has(index)), hunks: better.size };
}
