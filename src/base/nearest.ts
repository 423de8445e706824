import { distance } from "fastest-levenshtein";

/** The known word that is most like another. */
export const nearest = (word: string, known: readonly string[]): string =>
  known.reduce((one, other) =>
    slips(word, other) < slips(word, one) ? other : one,
  );

/** How many slips of the hand are between two words; two letters the wrong way round are one. */
export function slips(word: string, other: string): number {
  const at = [...word].findIndex((letter, index) => letter !== other[index]);
  const [one = "", two = ""] = word.slice(at);
  const swapped = word.slice(0, at) + two + one + word.slice(at + 2);
  return at >= 0 && swapped === other ? 1 : distance(word, other);
}
