import type { Plugin } from "esbuild";
import Handlebars from "handlebars";
import {
  COMPILE_OPTIONS,
  templateTexts,
  verbatimSums,
} from "../src/render/templates.ts";

/** Puts a module with the compiled templates in the place of src/render/templates.ts. */
export const compiledTemplates: Plugin = {
  name: "compiled-templates",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/render\/templates\.ts$/ }, () => ({
      contents: moduleText(),
      resolveDir: "src",
    }));
  },
};

/** The same exports, but compiled by Handlebars, with the sums of verbatim files, which stay files. */
function moduleText(): string {
  const specs = [...templateTexts()].map(
    ([path, text]) =>
      `${JSON.stringify(path)}: ${String(Handlebars.precompile(text, COMPILE_OPTIONS))},`,
  );
  return `import { readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars from "handlebars/runtime";

const SPECS = {
${specs.join("\n")}
};
const PARTIALS = "_partials/";
let templates;
export function loadTemplates() {
  if (templates) return templates;
  const handlebars = Handlebars.create();
  templates = new Map();
  for (const [path, spec] of Object.entries(SPECS)) {
    const template = handlebars.template(spec);
    if (path.startsWith(PARTIALS)) handlebars.registerPartial(path.slice(PARTIALS.length), template);
    else templates.set(path, template);
  }
  return templates;
}
const SUMS = new Map(${JSON.stringify([...verbatimSums()])});
export const verbatimSums = () => SUMS;
const texts = new Map();
export function verbatimText(path) {
  let text = texts.get(path);
  if (text === undefined) texts.set(path, (text = readFileSync(join(__dirname, "../files", path), "utf8")));
  return text;
}`;
}
