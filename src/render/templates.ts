import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { crypto } from "../base/builtin.ts";

// The build replaces this module with one that holds the templates compiled and the sums of the
// verbatim files (scripts/templates.ts).

/** A template, ready to print data. */
type Template = (data: object) => string;

/**
 * How templates are compiled, here and by the build: nothing is HTML-escaped, and a missing
 * name is an error, not an empty text.
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
export const templateTexts = (): Map<string, string> =>
  new Map(
    [...textsBelow("templates")].map(([path, text]) => [
      path.replace(/\.hbs$/, ""),
      text,
    ]),
  );

let templates: ReadonlyMap<string, Template> | undefined;

/** The compiled templates by path. The first call compiles them. */
export function loadTemplates(): ReadonlyMap<string, Template> {
  if (templates !== undefined) return templates;
  const handlebars = Handlebars.create();
  const compiled = new Map<string, Template>();
  for (const [path, text] of templateTexts()) {
    const template = handlebars.compile(text, COMPILE_OPTIONS);
    const [, partial] = /^_partials\/(.+)$/.exec(path) ?? [];
    if (partial) handlebars.registerPartial(partial, template);
    else compiled.set(path, template);
  }
  return (templates = compiled);
}

let texts: ReadonlyMap<string, string> | undefined;
const verbatimTexts = (): ReadonlyMap<string, string> =>
  (texts ??= textsBelow("files"));

let sums: ReadonlyMap<string, string> | undefined;

/** sha256 of each file that is the same in every repository, by path. */
export const verbatimSums = (): ReadonlyMap<string, string> =>
  (sums ??= new Map(
    [...verbatimTexts()].map(([path, text]) => [
      path,
      crypto().hash("sha256", text),
    ]),
  ));

/** The text of a verbatim file. */
export const verbatimText = (path: string): string =>
  verbatimTexts().get(path) as string;
