import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";

/** A template, ready to print data. */
export type Template = (data: object) => string;

/**
 * How templates are compiled, here and by scripts/build.ts: nothing is HTML-escaped, and a name
 * that the data doesn't have is an error instead of an empty text.
 */
export const COMPILE_OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
} as const;

/** Every template's text by the path of what it generates; partials are under `_partials/`. */
export function templateTexts(): Map<string, string> {
  const root = fileURLToPath(new URL("../../templates/", import.meta.url));
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths
      .sort()
      .map((path) => [
        relative(root, path).replace(/\.hbs$/, ""),
        readFileSync(path, "utf8"),
      ]),
  );
}

/**
 * The templates by generated path. This module reads and compiles them at start; the build puts a
 * module in its place that holds them compiled.
 */
export function loadTemplates(): Map<string, Template> {
  const handlebars = Handlebars.create();
  const templates = new Map<string, Template>();
  for (const [path, text] of templateTexts()) {
    const partial = /^_partials\/(.+)$/.exec(path);
    if (partial?.[1])
      handlebars.registerPartial(
        partial[1],
        handlebars.compile(text, COMPILE_OPTIONS),
      );
    else templates.set(path, handlebars.compile(text, COMPILE_OPTIONS));
  }
  return templates;
}
