import { generatedFile } from "../render/generated-files.ts";
import type { Tree } from "../render/render.ts";
import { lacksSecret, ownText, SECRET_FILE } from "../render/secrets.ts";

/** Whether a script has Windows line ends, as after a checkout with core.autocrlf. */
export const hasCrlf = (path: string, text: string): boolean =>
  generatedFile(path)?.format === "shell" && text.includes("\r\n");

/** Gives all scripts the line ends that bash can read. */
export const CONVERT = "sed -i 's/\\r$//' scripts/*.sh";

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
  if (hasCrlf(path, text)) return `bash cannot read CRLF line ends: ${CONVERT}`;
  const invalid = whyInvalid?.(path, ownText(path, text));
  if (invalid !== undefined || path !== SECRET_FILE) return invalid;
  const generated = rendered.get(path)?.text ?? "";
  return lacksSecret(text, generated)
    ? "KONG_PG_PASSWORD is not set: openssl rand -hex 32 makes one"
    : undefined;
}
