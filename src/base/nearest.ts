import { distance } from "fastest-levenshtein";

/** The known word with the smallest edit distance to another; the first of several. */
export const nearest = (word: string, known: readonly string[]): string =>
  known.reduce((best, other) =>
    editDistance(word, other) < editDistance(word, best) ? other : best,
  );

/** Levenshtein distance, except that two adjacent letters swapped count as one edit. */
export function editDistance(word: string, other: string): number {
  const at = [...word].findIndex((letter, index) => letter !== other[index]);
  const [one = "", two = ""] = word.slice(at);
  const swapped = word.slice(0, at) + two + one + word.slice(at + 2);
  return at >= 0 && swapped === other ? 1 : distance(word, other);
}
