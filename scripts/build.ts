import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { COMMANDS } from "../src/cli/flags.ts";
import { helpText } from "../src/cli/help.ts";
import { VERSION } from "../src/base/version.ts";
import { licences } from "./licences.ts";
import { compiledTemplates } from "./templates.ts";
import { emitTypes } from "./types.ts";

/** Replaces help.ts and version.ts by their precomputed texts, so that they import nothing. */
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

/**
 * What plop and inquirer bring but the conversation doesn't use: an editor, file actions, a template
 * compiler. Without them the package stays below 350 kB (test/cli/package.test.ts).
 */
const UNUSED: Readonly<Record<string, string>> = {
  // saves 540 kB
  "@inquirer/external-editor": "export const editAsync = undefined;",
  // saves 37 kB
  tinyglobby: "export const globSync = undefined;",
  // saves 92 kB
  handlebars:
    'export { default } from "handlebars/dist/cjs/handlebars.runtime.js";',
  // saves 130 kB: the ES module version, so that esbuild can drop unused code.
  rxjs: 'export * from "./node_modules/rxjs/dist/esm/index.js";',
  // saves 42 kB: Node's own is newer.
  "readable-stream":
    'import stream from "node:stream"; export const { Duplex, Readable, Writable, Transform } = stream;',
  // saves 31 kB
  "cli-spinners":
    'export const dots = { interval: 80, frames: [..."\\u280b\\u2819\\u2839\\u2838\\u283c\\u2834\\u2826\\u2827\\u2807\\u280f"] }; export const line = { interval: 130, frames: [..."-|/"] };',
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
  "src/base/yaml.ts",
];
const SEPARATE_PACKAGES = ["diff", "node-diff3"];

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
  // A bundled library passes import.meta.url to createRequire(), which also accepts a path.
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
