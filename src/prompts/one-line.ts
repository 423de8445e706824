import type { Issue } from "../base/errors.ts";

/** The space for an error in a terminal of 80 columns, after inquirer's `>> `. */
export const PROMPT_WIDTH = 77;

/**
 * Why an answer is refused, for the line below a prompt. If the message of the command line is too
 * long, it is shortened: first its sources, then the text around the suggested value, then addresses
 * that were answered before. The suggested value always stays.
 */
export function oneLine(
  { reason, remedy }: Issue,
  width = PROMPT_WIDTH,
): string {
  const bare = reason.replaceAll(/ \((?:RFC|[a-z]+\(\d\))[^()]*\)/g, "");
  const short = brief(remedy);
  const forms = [
    `${reason}. ${remedy}.`,
    `${bare}. ${remedy}.`,
    `${bare}. ${short}.`,
    `${withoutAddresses(bare).replace("prefix length", "length")}. ${short}.`,
  ];
  return forms.find((form) => form.length <= width) ?? (forms.at(-1) as string);
}

/** `Give the provider's router, like fe80::1` → `Try fe80::1` */
function brief(remedy: string): string {
  const value =
    /, or (\S+)$/.exec(remedy) ??
    /(?:\blike|\bTry|\bis|:) (\S+?)(?:[,;] .*| or .*| would do)?$/.exec(remedy);
  return value ? `Try ${value[1]}` : remedy;
}

const withoutAddresses = (text: string): string =>
  text.replaceAll(/ (?=[^ ]*[:.][^ ]*[:./])[0-9a-f:.]{6,}(?:\/\d+)?/g, "");
