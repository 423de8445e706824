import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Another generator, as measured: its published version, installed in a scratch folder. */
export interface Peer {
  readonly name: string;
  /** Below node_modules. */
  readonly bin: string;
  /** What `--help` of it is called with. */
  readonly help: readonly string[];
  /** How it writes the least that it writes, into a directory that isn't there yet. */
  readonly create: (directory: string) => readonly string[];
  /** What has to lie in the scratch folder for that. */
  readonly files: Readonly<Record<string, string>>;
}

export const PEERS: readonly Peer[] = [
  {
    name: "create-vite",
    bin: "create-vite/index.js",
    help: ["--help"],
    create: (directory) => [
      directory,
      "--template",
      "vanilla",
      "--no-interactive",
    ],
    files: {},
  },
  {
    name: "hygen",
    bin: "hygen/dist/bin.js",
    help: ["--help"],
    create: (directory) => ["new", "file", "--to", directory],
    files: {
      "_templates/new/file/one.ejs.t":
        "---\nto: <%= locals.to %>/one.txt\n---\none\n",
    },
  },
  {
    name: "sv",
    bin: "sv/dist/bin.mjs",
    help: ["--help"],
    create: (directory) => [
      "create",
      directory,
      "--template",
      "minimal",
      "--types",
      "ts",
      "--no-add-ons",
      "--no-install",
    ],
    files: {},
  },
  {
    name: "plop",
    bin: "plop/bin/plop.js",
    help: ["--help"],
    create: (directory) => ["file", directory],
    files: {
      "plopfile.mjs": `export default (plop) => plop.setGenerator("file", {
  prompts: [{ name: "to", message: "to", type: "input" }],
  actions: [{ type: "add", path: "{{to}}/one.txt", template: "one" }],
});
`,
    },
  },
];

/** Writes what the peers' runs need into the folder that they run in. */
export function layOut(folder: string): void {
  for (const { files } of PEERS) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
}
