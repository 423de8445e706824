import { assignmentsOf, settingOf } from "../base/dotenv.ts";
import { lineCounter } from "../base/line-counter.ts";
import { whyNotMapping } from "../base/yaml.ts";
import { readDisk, textAt } from "../repository/disk.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { COMPOSE_FILE, composeFiles } from "./compose-names.ts";

/** `${KEY:?message}` (must not be empty) and `${KEY?message}`; `$${` stands for the text itself. */
const REQUIRED = /(?<!\$)\$\{(\w+)(:?)\?/g;

interface Refused {
  readonly path: string;
  readonly status: "invalid";
  readonly reason: string;
}

/**
 * The compose files that docker compose refuses: not valid YAML, or with a variable which .env does not
 * set. Without a .env nothing is known about variables.
 * @param written texts that a run writes, by path
 */
export function refusedCompose(
  directory: string,
  written: ReadonlyMap<string, string> = new Map(),
): Refused[] {
  const paths = composeFiles(directory);
  const disk = readDisk(directory, [...paths, SECRET_FILE]);
  const textOf = (path: string): string | undefined =>
    written.get(path) ?? textAt(disk, path);
  const invalid = paths.flatMap((path) => {
    const reason = path === COMPOSE_FILE ? undefined : broken(textOf(path));
    return reason ? [{ path, status: "invalid" as const, reason }] : [];
  });
  const settings = textOf(SECRET_FILE);
  if (settings === undefined) return invalid;
  const set = new Set(assignmentsOf(settings).map(({ key }) => key));
  const isSet = (key: string, orEmpty: boolean): boolean =>
    orEmpty ? set.has(key) : !!settingOf(settings, key);
  const unset = paths.flatMap((path): Refused[] => {
    const text = (textOf(path) ?? "").replace(/^[ \t]*#.*$/gm, "");
    const lineAt = lineCounter(text);
    const missing = [...text.matchAll(REQUIRED)].filter(
      ([, key = "", colon]) => !isSet(key, colon === ""),
    );
    const found = missing.map(
      (match) => `line ${lineAt(match.index)} needs ${match[1]}`,
    );
    return found.length === 0
      ? []
      : [
          {
            path,
            status: "invalid",
            reason: `${found.join(", ")}, which .env does not set: docker compose refuses every service. Set it in .env, or change the line`,
          },
        ];
  });
  return [...invalid, ...unset];
}

/** Why an own compose file is not valid. merge/syntax.ts does it for docker-compose.yml. */
const broken = (text = ""): string | undefined =>
  text.trim() === "" ? undefined : whyNotMapping(text);
