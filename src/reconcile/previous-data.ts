import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Answers } from "../answers/types.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { plan } from "../plan/plan.ts";
import type { Tree } from "../render/render.ts";

const HEAD = "# Data of before:\n";

/**
 * What is rendered, with data directories of before in .gitignore: where one is still there, or was
 * listed before, for it may be in another copy. The database's password is in it.
 * @param previous answers of the past
 * @param listed what .gitignore was generated as last
 */
export function withPreviousData(
  rendered: Tree,
  directory: string,
  previous: readonly Answers[],
  listed = "",
): Tree {
  const file = rendered.get(IGNORE_FILE);
  if (file === undefined) return rendered;
  const present = new Set(file.text.split("\n"));
  const before = new Set(
    listed.includes(HEAD)
      ? listed.slice(listed.indexOf(HEAD) + HEAD.length).split("\n")
      : [],
  );
  const directories = new Set(previous.map(({ dataDir }) => dataDir));
  const patterns = [...directories].flatMap((dataDir) => {
    if (!dataDir.startsWith("./")) return [];
    const { ignore } = plan({ ...(previous[0] as Answers), dataDir }).data;
    const needed = before.has(ignore) || existsSync(join(directory, dataDir));
    return needed && !present.has(ignore) ? [`${ignore}\n`] : [];
  });
  if (patterns.length === 0) return rendered;
  const text = `${file.text}${HEAD}${patterns.sort().join("")}`;
  return new Map(rendered).set(IGNORE_FILE, { ...file, text });
}
