import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { childProcess } from "../base/builtin.ts";
import { SECRET_FILE } from "../render/secrets.ts";

export const IGNORE_FILE = ".gitignore";

/** What git does with .env. "tracked": .gitignore names it, but git commits it all the same. */
export type SecretStatus = "ignored" | "unprotected" | "tracked";

/**
 * Whether git would commit .env. In a git repository, git itself is asked; otherwise the .gitignore is
 * read.
 * @param ignore the text of .gitignore after this run; undefined if there is none
 * @param changing whether this run changes .gitignore: git can't know that
 */
export function secretStatus(
  directory: string,
  ignore: string | undefined,
  changing = false,
): SecretStatus {
  const known = changing ? undefined : byGit(directory);
  return known ?? (ignoresSecret(ignore ?? "") ? "ignored" : "unprotected");
}

/** What git does with a file. @returns undefined outside a repository of git */
export function byGit(
  directory: string,
  path = SECRET_FILE,
): SecretStatus | undefined {
  if (!inRepository(directory)) return undefined;
  const ignores = (...how: string[]): number | null =>
    childProcess().spawnSync(
      "git",
      ["-C", directory, "check-ignore", "--quiet", ...how, "--", path],
      { stdio: "ignore" },
    ).status;
  const status = ignores();
  if (status === 0) return "ignored";
  // 128: not a repository, or one that git doesn't trust.
  if (status !== 1) return undefined;
  return ignores("--no-index") === 0 ? "tracked" : "unprotected";
}

function inRepository(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}

/** gitignore(5) for one file at the top. The last line that matches decides. */
export function ignoresSecret(ignore: string): boolean {
  const fitting = ignore.split("\n").flatMap((raw) => {
    const line = withoutSpaces(raw.replace(/\r$/, ""));
    const [, not, pattern] =
      /^(!?)(?:\*\*\/|\/)?([^/#][^/]*)$/.exec(line) ?? [];
    return pattern !== undefined && matches(pattern, SECRET_FILE)
      ? [not !== "!"]
      : [];
  });
  return fitting.at(-1) ?? false;
}

/** Without the spaces at the end. One after a backslash belongs to the pattern. */
function withoutSpaces(line: string): string {
  let end = line.length;
  while (line[end - 1] === " " && line[end - 2] !== "\\") end -= 1;
  return line.slice(0, end);
}

/** Whether a pattern with * and ? matches a name. A regular expression could take forever, or be too large. */
function matches(pattern: string, name: string): boolean {
  // All ends of the name's starts that the pattern so far matches.
  let ends = new Set([0]);
  for (const character of pattern) {
    const next = new Set<number>();
    for (const end of ends) {
      if (character === "*")
        for (let at = end; at <= name.length; at += 1) next.add(at);
      else if (end < name.length && ["?", name[end]].includes(character))
        next.add(end + 1);
    }
    ends = next;
  }
  return ends.has(name.length);
}
