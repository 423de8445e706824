import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { build, type Plugin } from "esbuild";
import Handlebars from "handlebars";
import { COMMANDS } from "../src/flags.ts";
import { helpText } from "../src/help.ts";
import { COMPILE_OPTIONS, templateTexts } from "../src/templates.ts";
import { VERSION } from "../src/version.ts";
import { licences } from "./licences.ts";
import { emitTypes } from "./types.ts";

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

/** Puts what src/help.ts and src/version.ts say in their place: they need nothing then. */
const precomputed: Plugin = {
  name: "precomputed",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/help\.ts$/ }, () => ({
      contents: `const TEXTS = ${JSON.stringify(helpTexts())};
        export const helpText = (command = "") => TEXTS[command];`,
    }));
    onLoad({ filter: /\/src\/version\.ts$/ }, () => ({
      contents: `export const VERSION = ${JSON.stringify(VERSION)};`,
    }));
  },
};

function helpTexts(): Record<string, string> {
  const each = COMMANDS.map((command) => [command, helpText(command)]);
  return { "": helpText(), ...Object.fromEntries(each) };
}

/** What plop and inquirer bring but the conversation doesn't use: an editor, file actions, a template compiler. */
const UNUSED: Readonly<Record<string, string>> = {
  "@inquirer/external-editor": "export const editAsync = undefined;",
  tinyglobby: "export const globSync = undefined;",
  handlebars:
    'export { default } from "handlebars/dist/cjs/handlebars.runtime.js";',
};

const unused: Plugin = {
  name: "unused",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(${Object.keys(UNUSED).join("|")})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /./, namespace: "unused" }, ({ path }) => ({
      contents: UNUSED[path] as string,
      resolveDir: ".",
    }));
  },
};

/** What only some runs need, each in a file of its own beside the command, loaded when it is imported. */
const ASIDE = new Map([
  ["./help.ts", "help"],
  ["./main.ts", "main"],
  ["./templates.ts", "templates"],
  ["diff", "diff"],
  ["node-diff3", "node-diff3"],
  ["./plop.ts", "plop"],
  ["yaml", "yaml"],
]);

const aside: Plugin = {
  name: "aside",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind }) => {
      if (kind === "entry-point") return undefined;
      const name = ASIDE.get(path.replace(/^\.\.\//, "./"));
      return name ? { path: `./${name}.cjs`, external: true } : undefined;
    });
  },
};

rmSync("dist", { recursive: true, force: true });
const types = emitTypes();
// CommonJS, because Node starts it sooner than ES modules (docs/benchmarks.md).
const { metafile } = await build({
  metafile: true,
  entryPoints: [
    "src/cli.ts",
    "src/index.ts",
    ...[...ASIDE.keys()].map((path) => path.replace(/^\.\//, "src/")),
  ],
  outdir: "dist",
  entryNames: "[name]",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20.19",
  supported: { "dynamic-import": false },
  // Of a library that looks for itself by it: createRequire() takes a path as well.
  define: { "import.meta.url": "__filename" },
  minify: true,
  legalComments: "none",
  plugins: [aside, compiledTemplates, precomputed, unused],
});
chmodSync("dist/cli.cjs", 0o755);
writeFileSync(
  "dist/licences.txt",
  licences(
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((path) => inputs[path]?.bytesInOutput),
    ),
  ),
);
await types;
