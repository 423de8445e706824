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

/** Texts below a folder of the project, by their path in it. */
function textsBelow(folder: string): Map<string, string> {
  const root = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths
      .sort()
      .map((path) => [relative(root, path), readFileSync(path, "utf8")]),
  );
}

/** Every template's text by the path of what it generates; partials are under `_partials/`. */
export function templateTexts(): Map<string, string> {
  return new Map(
    [...textsBelow("templates")].map(([path, text]) => [
      path.replace(/\.hbs$/, ""),
      text,
    ]),
  );
}

/** Files that are the same in every repository, by generated path. */
export const verbatimTexts = (): Map<string, string> => textsBelow("files");

/**
 * What prints each generated file, by its path. This module reads and compiles the templates at start;
 * the build replaces it with a module that holds them compiled.
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
  for (const [path, text] of verbatimTexts()) templates.set(path, () => text);
  // In the order of their paths, as everything that lists them prints it.
  return new Map([...templates].sort(([a], [b]) => (a < b ? -1 : 1)));
}
