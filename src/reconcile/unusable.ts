import { generatedFile } from "../render/generated-files.ts";
import type { Tree } from "../render/render.ts";
import type { DiskEntry } from "../repository/disk.ts";
import { whatIsThere } from "./change.ts";
import { hasCrlf } from "./line-ends.ts";
import { lacksSecret, ownText, SECRET_FILE } from "../render/secrets.ts";

/**
 * Why no program can read what is in a file's place, such as a directory. A link is the owner's choice,
 * and who runs apply.sh may read more than this user.
 */
export function whyUnreadable(
  path: string,
  entry: DiskEntry,
): string | undefined {
  if (entry.kind !== "other" || generatedFile(path)?.format === "markdown")
    return undefined;
  return /symbolic link|unreadable|bytes/.test(entry.what)
    ? undefined
    : whatIsThere(entry.what);
}

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
