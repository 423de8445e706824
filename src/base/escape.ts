// Control characters, line separators and direction marks. In text from outside they could change what
// the terminal shows.
const UNPRINTABLE =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** One line of text from outside, with unprintable characters as \uXXXX escapes. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** The same for a text of several lines: its line ends and tabs stay. */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    /[\n\t]/.test(character) ? character : escaped(character),
  );
}

/** JSON of a value, with unprintable characters as \uXXXX escapes. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(printable).join("\n");
}
