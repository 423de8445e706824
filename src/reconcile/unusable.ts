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
    ? "KONG_PG_PASSWORD is not set: openssl rand -hex 32 makes one"
    : undefined;
}
