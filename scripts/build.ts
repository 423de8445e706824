import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import Handlebars from "handlebars";
import { COMMANDS } from "../src/cli/flags.ts";
import { helpText } from "../src/cli/help.ts";
import { templateTexts, verbatimTexts } from "../src/render/templates.ts";
import { VERSION } from "../src/base/version.ts";
import { licences } from "./licences.ts";
import { emitTypes } from "./types.ts";

/** Puts a module with the compiled templates in the place of src/render/templates.ts. */
const compiledTemplates: Plugin = {
  name: "compiled-templates",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/render\/templates\.ts$/ }, () => ({
      contents: compiled(),
      resolveDir: "src",
    }));
  },
};

/** Templates need lookups, conditions, one loop and a partial: printed as plain functions they need no runtime. */
function compiled(): string {
  const [partials, files] = [true, false].map((wanted) =>
    [...templateTexts()].filter(
      ([path]) => path.startsWith("_partials/") === wanted,
    ),
  ) as [[string, string][], [string, string][]];
  const named = new Map(
    partials.map(([path, text]) => [path.slice("_partials/".length), text]),
  );
  const lines = files.map(
    ([path, text]) =>
      `[${JSON.stringify(path)}, (data => ${printed(Handlebars.parse(text), named, "data")})],`,
  );
  for (const [path, text] of verbatimTexts())
    lines.push(`[${JSON.stringify(path)}, () => ${JSON.stringify(text)}],`);
  return `const get = (from, name) => {
  if (from === null || typeof from !== "object" || !(name in from)) throw new Error('"' + name + '" not defined');
  return from[name];
};
const is = (value) => Array.isArray(value) ? value.length > 0 : Boolean(value);
export const loadTemplates = () => new Map([
${lines.sort().join("\n")}
]);`;
}

type Program = ReturnType<typeof Handlebars.parse>;

/** An expression that prints a template; what COMPILE_OPTIONS say of names and escaping holds for it. */
function printed(
  { body }: Program,
  partials: ReadonlyMap<string, string>,
  data: string,
): string {
  const terms = body.map((statement) => {
    switch (statement.type) {
      case "ContentStatement":
        return JSON.stringify((statement as hbs.AST.ContentStatement).value);
      case "CommentStatement":
        return '""';
      case "MustacheStatement":
        return looked((statement as hbs.AST.MustacheStatement).path, data);
      case "PartialStatement": {
        const { name, indent } = statement as hbs.AST.PartialStatement & {
          indent: string;
        };
        const text = partials.get((name as hbs.AST.PathExpression).original);
        if (text === undefined || indent !== "") throw unsupported(statement);
        return printed(Handlebars.parse(text), partials, data);
      }
      case "BlockStatement": {
        const { path, params, program, inverse } =
          statement as hbs.AST.BlockStatement;
        const name = (path as hbs.AST.PathExpression).original;
        const value = looked(params[0] as hbs.AST.Expression, data);
        const then = printed(program, partials, data);
        const otherwise = inverse ? printed(inverse, partials, data) : '""';
        if (name === "if") return `(is(${value}) ? ${then} : ${otherwise})`;
        if (name === "unless") return `(is(${value}) ? ${otherwise} : ${then})`;
        if (name === "each" && !inverse)
          return `${value}.map((item) => ${printed(program, partials, "item")}).join("")`;
        throw unsupported(statement);
      }
      default:
        throw unsupported(statement);
    }
  });
  return terms.length === 0 ? '""' : `(${terms.join(" + ")})`;
}

/** `kong.address`, and `this`. */
function looked(expression: hbs.AST.Expression, data: string): string {
  if (expression.type !== "PathExpression") throw unsupported(expression);
  const { parts, depth } = expression as hbs.AST.PathExpression;
  if (depth !== 0) throw unsupported(expression);
  return parts.reduce(
    (from, part) => `get(${from}, ${JSON.stringify(part)})`,
    data,
  );
}

const unsupported = ({ type, loc }: hbs.AST.Node): Error =>
  new Error(`${type} in line ${loc.start.line} of a template`);

/** Puts what src/cli/help.ts and src/base/version.ts say in their place: they need nothing then. */
const precomputed: Plugin = {
  name: "precomputed",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/cli\/help\.ts$/ }, () => ({
      contents: `const TEXTS = ${JSON.stringify(helpTexts())};
        export const helpText = (command = "") => TEXTS[command];`,
    }));
    onLoad({ filter: /\/src\/base\/version\.ts$/ }, () => ({
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
  // As ES modules: of what they hold only what is used stays.
  rxjs: 'export * from "./node_modules/rxjs/dist/esm/index.js";',
  // Node's own is newer.
  "readable-stream":
    'import stream from "node:stream"; export const { Duplex, Readable, Writable, Transform } = stream;',
  "cli-spinners":
    'export const dots = { interval: 80, frames: [..."\\u280b\\u2819\\u2839\\u2838\\u283c\\u2834\\u2826\\u2827\\u2807\\u280f"] }; export const line = { interval: 130, frames: [..."-|/"] };',
  // Without what prints YAML.
  "js-yaml": `export { load } from "./node_modules/js-yaml/lib/loader.js";
    export { default as CORE_SCHEMA } from "./node_modules/js-yaml/lib/schema/core.js";
    export { default as Type } from "./node_modules/js-yaml/lib/type.js";`,
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

/** What only some runs need: each is a file of its own beside the command, loaded when it is imported. */
const SEPARATE = [
  "src/cli/help.ts",
  "src/cli/main.ts",
  "src/render/templates.ts",
  "src/prompts/plop.ts",
  "src/base/yaml-check.ts",
];
const SEPARATE_PACKAGES = ["diff", "node-diff3", "yaml"];

const separate: Plugin = {
  name: "separate",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind, resolveDir }) => {
      if (kind === "entry-point") return undefined;
      const file = relative(".", resolve(resolveDir, path));
      if (!SEPARATE_PACKAGES.includes(path) && !SEPARATE.includes(file))
        return undefined;
      return { path: `./${basename(path, ".ts")}.cjs`, external: true };
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
    ...SEPARATE,
    ...SEPARATE_PACKAGES,
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
  minify: !process.env["RAW"],
  legalComments: "none",
  plugins: [separate, compiledTemplates, precomputed, unused],
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
