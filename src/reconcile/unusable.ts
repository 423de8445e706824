import type { Tree } from "../render/render.ts";
import { hasCrlf } from "./line-ends.ts";
import { lacksSecret, ownText, SECRET_FILE } from "../render/secrets.ts";

/**
 * Why the program that reads a file would refuse it.
 * @param text on disk, with its secrets
 * @param whyInvalid of merge/syntax.ts; undefined for a text that is as generated
 */
export function whyUnusable(
  path: string,
  text: string,
  rendered: Tree,
  whyInvalid: ((path: string, text: string) => string | undefined) | undefined,
): string | undefined {
  if (hasCrlf(path, text)) return "bash cannot read CRLF line ends";
  const invalid = whyInvalid?.(path, ownText(path, text));
  if (invalid !== undefined || path !== SECRET_FILE) return invalid;
  const generated = rendered.get(path)?.text ?? "";
  return lacksSecret(text, generated)
    ? "KONG_PG_PASSWORD is not set"
    : undefined;
}

/**
 * What to do about such a file.
 * @param text as in whyUnusable()
 * @param theirs the command that takes the generated text; undefined if no repository was written
 */
export function unusableRemedy(
  path: string,
  text: string,
  rendered: Tree,
  theirs: string | undefined,
): string {
  const generated = rendered.get(path)?.text ?? "";
  if (path !== SECRET_FILE || !lacksSecret(text, generated))
    return theirs === undefined
      ? "Correct it, or take the generated text with --conflict theirs."
      : `Correct it, or take the generated text:\n  ${theirs}`;
  const start =
    "If the server has a database already, set its password: it is in .env on the server, or in a backup. Otherwise";
  if (theirs === undefined)
    return `${start} --conflict theirs makes a new one.`;
  // As generated but for a password: there is nothing to take.
  const isSame = ownText(path, text) === generated;
  return `${start} make a new one:\n  ${isSame ? "openssl rand -hex 32" : theirs}`;
}
