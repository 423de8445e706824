import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFacts, type Facts } from "../../../src/detect/parse/facts.ts";
import { filesOf, readParts } from "../../../src/detect/parse/parts.ts";

/** What the probe printed on real hosts: see record.ts. */
export const RECORDED = fileURLToPath(new URL("recorded/", import.meta.url));

/** What it prints on servers as providers deliver them: see record-providers.ts. */
export const PROVIDER_RECORDINGS = fileURLToPath(
  new URL("providers/", import.meta.url),
);

/** Random in a real run; in recordings always the same. */
export const MARKER = "recorded";

export const names = (): string[] =>
  readdirSync(RECORDED).map((name) => name.replace(/\.txt$/, ""));

export const recording = (name: string): string =>
  readFileSync(join(RECORDED, `${name}.txt`), "utf8");

const providerRecording = (name: string): string =>
  readFileSync(join(PROVIDER_RECORDINGS, `${name}.txt`), "utf8");

export const providerFactsOf = (name: string): Promise<Facts> =>
  readFacts(providerRecording(name), MARKER, name);

/** The netplan file of the provider's image, if it has one. */
export const providerNetplanOf = (name: string): string | undefined =>
  filesOf(readParts(providerRecording(name), MARKER), "netplan")[0]?.text;

/** The interfaces as apply.sh reads them: `ip -j -d addr show`. */
export const providerLinksOf = (name: string): string => {
  const parts = readParts(providerRecording(name), MARKER);
  return parts.get("links")?.[0]?.text ?? "";
};

export const factsOf = (name: string): Promise<Facts> =>
  readFacts(recording(name), MARKER, name);
