import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const TYPES = "dist/types";

/**
 * Writes the declarations that src/index.ts needs as .d.cts files. The ending of a declaration file
 * says which kind of module it describes, and the build writes CommonJS.
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
    texts.set(name, text.replaceAll(/"(\.\.?\/[\w/.-]+)\.ts"/g, '"$1.cjs"'));
    for (const [, other = ""] of text.matchAll(/"(\.\.?\/[\w/.-]+)\.ts"/g))
      take(join(dirname(name), other));
  };
  take("index");
  rmSync(TYPES, { recursive: true });
  for (const [name, text] of texts) {
    const file = join(TYPES, `${name}.d.cts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
