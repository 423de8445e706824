import { assignmentsOf, settingOf } from "../base/dotenv.ts";
import { lineCounter } from "../base/line-counter.ts";
import { readDisk, textAt } from "../repository/disk.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { composeFiles } from "./compose-names.ts";

/** `${KEY:?message}` (must not be empty) and `${KEY?message}`; `$${` stands for the text itself. */
const REQUIRED = /(?<!\$)\$\{(\w+)(:?)\?/g;

interface Unset {
  readonly path: string;
  readonly status: "drift";
  readonly reason: string;
}

/**
 * The compose files that need a variable which .env does not set. Without a .env nothing is known.
 * @param written texts that a run writes, by path
 */
export function unsetVariables(
  directory: string,
  written: ReadonlyMap<string, string> = new Map(),
): Unset[] {
  const paths = composeFiles(directory);
  const disk = readDisk(directory, [...paths, SECRET_FILE]);
  const textOf = (path: string): string | undefined =>
    written.get(path) ?? textAt(disk, path);
  const settings = textOf(SECRET_FILE);
  if (settings === undefined) return [];
  const set = new Set(assignmentsOf(settings).map(({ key }) => key));
  const isSet = (key: string, orEmpty: boolean): boolean =>
    orEmpty ? set.has(key) : !!settingOf(settings, key);
  return paths.flatMap((path) => {
    const text = (textOf(path) ?? "").replace(/^[ \t]*#.*$/gm, "");
    const lineAt = lineCounter(text);
    const found = [...text.matchAll(REQUIRED)]
      .filter(([, key = "", colon]) => !isSet(key, colon === ""))
      .map((match) => `line ${lineAt(match.index)} needs ${match[1]}`);
    return found.length === 0
      ? []
      : [
          {
            path,
            status: "drift",
            reason: `${found.join(", ")}, which .env does not set: docker compose refuses every service`,
          },
        ];
  });
}
