import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** All that tells somebody what to type; one generated README stands for all. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  "test/e2e/lab/README.md",
  "examples/recipe/repo/README.md",
];

export const documentText = (path: string): string =>
  readFileSync(join(ROOT, path), "utf8");

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** Its fenced code blocks. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ([, language = "", text = ""]) => ({ language, text }),
  );
}

/** The text of the code blocks in that language. */
export function blocksIn(markdown: string, language: string): string[] {
  return blocksOf(markdown)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}

/** A program that somebody may type, with what it is given. */
const PROGRAM =
  /^(sudo|npm|npx|systemctl|tcpdump|docker|sysctl|git|ip|nft|ufw|curl|rsync|ssh|journalctl) (?!is missing |is active |create-kong-ipv6$)\S/;

/** Commands in the middle of a sentence or in a table. */
export function inlineCommandsOf(markdown: string): string[] {
  const text = markdown.replaceAll(/^```.*?^```$/gms, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = ""]) =>
    PROGRAM.test(code) ? code.split(" && ") : [],
  );
}

/** What it says to type, a command each, as one line. */
export function commandsOf(markdown: string): string[] {
  return blocksIn(markdown, "sh")
    .join("")
    .replace(/ *\\\n */g, " ")
    .split("\n")
    .map((line) => line.replace(/ +# .*/, "").trimEnd())
    .filter((line) => line !== "");
}

/** The cells of the table that starts so, without its heading. */
export function rowsOf(text: string, heading: string): string[][] {
  const table = text.slice(text.indexOf(heading)).split("\n\n")[0] ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
