import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Answers } from "../answers/types.ts";
import { IGNORE_FILE } from "../repository/ignored.ts";
import { ignoreLine } from "../plan/plan.ts";
import type { File, Tree } from "../render/render.ts";

const HEAD = "# Earlier data directories:\n";

/**
 * Adds earlier data directories to .gitignore, because they hold the database's password: those that
 * still exist, and those that were listed before, for they may exist in another copy.
 * @param previous earlier answers
 * @param listed the .gitignore that was generated last
 */
export function withPreviousData(
  rendered: Tree,
  directory: string,
  previous: readonly Answers[],
  listed = "",
): Tree {
  const file = rendered.get(IGNORE_FILE) as File;
  const present = new Set(file.text.split("\n"));
  const before = new Set(
    listed.includes(HEAD)
      ? listed.slice(listed.indexOf(HEAD) + HEAD.length).split("\n")
      : [],
  );
  const directories = new Set(previous.map(({ dataDir }) => dataDir));
  const patterns = [...directories].flatMap((dataDir) => {
    if (!dataDir.startsWith("./")) return [];
    const ignore = ignoreLine(dataDir);
    const needed = before.has(ignore) || existsSync(join(directory, dataDir));
    return needed && !present.has(ignore) ? [`${ignore}\n`] : [];
  });
  if (patterns.length === 0) return rendered;
  const text = `${file.text}${HEAD}${patterns.sort().join("")}`;
  return new Map(rendered).set(IGNORE_FILE, { ...file, text });
}
