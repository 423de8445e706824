import { expect } from "vitest";
import { Refusal } from "../../src/base/errors.ts";

/** What a refusal says, reason and remedy on one line; fails where nothing was refused. */
export function refusalOf(act: () => unknown): string {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    if (error instanceof Refusal) return `${error.message}. ${error.remedy}`;
    throw error;
  }
  return expect.fail(`it was taken as ${JSON.stringify(result)}`);
}

/** Characters that mean something to a shell, YAML, Handlebars, nftables, systemd or a terminal. */
export const HOSTILE = [
  ..." \n\t\r\0'\"`$&;|<>(){}[]!*?#~^\\=,%",
  "\u001b[31m",
  "\u00a0",
  "\u2028",
  "é",
  "$(id)",
  "${IFS}",
  "{{kong}}",
  "{{{kong}}}",
  "a\nb",
  "%i",
];
