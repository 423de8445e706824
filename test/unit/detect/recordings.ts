import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFacts, type Facts } from "../../../src/detect/parse/facts.ts";

/** What the probe printed on real hosts: see record.ts. */
export const RECORDED = fileURLToPath(new URL("recorded/", import.meta.url));

/** Random in a real run; in recordings always the same. */
export const MARKER = "recorded";

export const names = (): string[] =>
  readdirSync(RECORDED).map((name) => name.replace(/\.txt$/, ""));

export const recording = (name: string): string =>
  readFileSync(join(RECORDED, `${name}.txt`), "utf8");

export const factsOf = (name: string): Promise<Facts> =>
  readFacts(recording(name), MARKER, name);
