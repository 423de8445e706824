import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { childProcess } from "../base/builtin.ts";
import { SECRET_FILE } from "../render/secrets.ts";

export const IGNORE_FILE = ".gitignore";

/**
 * Whether git would take .env: by git itself, where it is installed and the directory lies in a
 * repository; else by what .gitignore says.
 * @param ignore the text of .gitignore as it is or will be; undefined for none
 * @param changing whether .gitignore is about to change: git can't know that
 * @returns what the owner should know, or undefined
 */
export function secretAtRisk(
  directory: string,
  ignore: string | undefined,
  changing = false,
): string | undefined {
  const known = changing ? undefined : byGit(directory);
  const ignored = known ?? (leavesOut(ignore ?? "") ? "ignored" : "taken");
  if (ignored === "ignored") return undefined;
  return ignored === "tracked"
    ? "git has your .env, with the database's password: git rm --cached .env, and\nchange the password wherever that has gone."
    : "git would take your .env, with the database's password: add a line .env to\n.gitignore.";
}

function byGit(directory: string): "ignored" | "taken" | "tracked" | undefined {
  if (!inRepository(directory)) return undefined;
  const ignores = (...how: string[]): number | null =>
    childProcess().spawnSync(
      "git",
      ["-C", directory, "check-ignore", "--quiet", ...how, "--", SECRET_FILE],
      { stdio: "ignore" },
    ).status;
  const status = ignores();
  if (status === 0) return "ignored";
  // 128: no repository after all, or one that git doesn't trust.
  if (status !== 1) return undefined;
  return ignores("--no-index") === 0 ? "tracked" : "taken";
}

function inRepository(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}

/** gitignore(5), as far as it is about one file at the top; the last line that fits decides. */
export function leavesOut(ignore: string): boolean {
  const fitting = ignore.split("\n").flatMap((raw) => {
    const line = raw.replace(/\r$/, "").replace(/(?<!\\) +$/, "");
    const [, not, pattern] =
      /^(!?)(?:\*\*\/|\/)?([^/#][^/]*)$/.exec(line) ?? [];
    return pattern !== undefined && globOf(pattern).test(SECRET_FILE)
      ? [not !== "!"]
      : [];
  });
  return fitting.at(-1) ?? false;
}

const globOf = (pattern: string): RegExp => {
  const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
};
