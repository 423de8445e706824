import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The licences of the packages whose code is in the bundle, with their texts: each asks for its notice
 * to go along.
 * @param inputs the paths of everything that was bundled
 */
export function licences(inputs: Iterable<string>): string {
  const folders = new Set<string>();
  for (const path of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const sections = [...folders].map((folder) => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as {
      name: string;
      version: string;
      license: string;
      author?: string | { name: string };
    };
    const file = readdirSync(folder).find((entry) =>
      /^licen[cs]e/i.test(entry),
    );
    const holder = typeof author === "object" ? author.name : author;
    const text =
      file === undefined
        ? `Copyright ${holder ?? "the authors"}`
        : readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return [
    "create-kong-ipv6 holds code of these packages.\n",
    ...sections.sort(),
  ].join(`\n${"-".repeat(72)}\n\n`);
}
