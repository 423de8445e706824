import { rmSync } from "node:fs";
import { build, type Plugin } from "esbuild";
import Handlebars from "handlebars";
import { COMPILE_OPTIONS, templateTexts } from "../src/templates.ts";

/** Puts a module with the compiled templates in the place of src/templates.ts. */
const compiledTemplates: Plugin = {
  name: "compiled-templates",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/templates\.ts$/ }, () => ({
      contents: compiled(),
      resolveDir: "src",
    }));
  },
};

function compiled(): string {
  const lines = [
    'import Handlebars from "handlebars/dist/cjs/handlebars.runtime.js";',
    "export function loadTemplates() {",
    "const env = Handlebars.create();",
    "const templates = new Map();",
  ];
  for (const [path, text] of templateTexts()) {
    const template = `env.template(${Handlebars.precompile(text, COMPILE_OPTIONS)})`;
    const partial = /^_partials\/(.+)$/.exec(path)?.[1];
    lines.push(
      partial
        ? `env.registerPartial(${JSON.stringify(partial)}, ${template});`
        : `templates.set(${JSON.stringify(path)}, ${template});`,
    );
  }
  return [...lines, "return templates;", "}"].join("\n");
}

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/cli.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  minify: true,
  legalComments: "none",
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
  plugins: [compiledTemplates],
});
