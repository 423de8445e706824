import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const TYPES = "dist/types";

/**
 * The declarations that src/index.ts needs, as .d.cts beside the CommonJS that they describe: a
 * declaration file's own name says which kind of module it is about.
 */
export async function emitTypes(): Promise<void> {
  await promisify(execFile)("node_modules/.bin/tsc", [
    "--project",
    "tsconfig.types.json",
  ]);
  const texts = new Map<string, string>();
  const take = (name: string): void => {
    if (texts.has(name)) return;
    const text = readFileSync(join(TYPES, `${name}.d.ts`), "utf8");
    texts.set(name, text.replaceAll(/"(\.\/[\w-]+)\.ts"/g, '"$1.cjs"'));
    for (const [, other] of text.matchAll(/"\.\/([\w-]+)\.ts"/g))
      take(other as string);
  };
  take("index");
  for (const file of readdirSync(TYPES)) rmSync(join(TYPES, file));
  for (const [name, text] of texts)
    writeFileSync(join(TYPES, `${name}.d.cts`), text);
}
