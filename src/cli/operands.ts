import { dirname, resolve } from "node:path";
import { keyword } from "../answers/parse-addresses.ts";
import type { Issue } from "../base/errors.ts";
import { printable } from "../base/escape.ts";
import { SHELLS, type Command, type Shell } from "./flags.ts";

/** The shell of `completion`. With --help it may be left out. */
export function readShell(
  operands: readonly string[],
  help: boolean,
): { shell: Shell | undefined; issues: Issue[] } {
  const [first, second] = operands;
  const shell = keyword(first ?? "", ...SHELLS);
  if (second === undefined && (shell !== undefined || help))
    return { shell, issues: [] };
  const value = shell === undefined ? first : second;
  const reason =
    value === undefined
      ? "the shell is missing"
      : shell === undefined
        ? "there is no completion for this shell"
        : "only one shell can be given";
  const issue = {
    flag: "completion",
    ...(value !== undefined && { value }),
    reason,
    remedy: `Choose ${SHELLS.join(", ")}`,
  };
  return { shell, issues: [issue] };
}

/** What is wrong with the directory of any other command. */
export function directoryIssues(
  command: Command,
  [first, second]: readonly string[],
): Issue[] {
  const issues: Issue[] = [];
  if (first !== undefined && command === "detect") {
    issues.push({
      flag: "directory",
      value: first,
      reason: "detect only prints; it writes no files",
      remedy: "Leave it out. For a directory named detect, write ./detect",
    });
  } else if (second !== undefined) {
    issues.push({
      flag: second,
      reason: "only one directory can be given",
      remedy: `The directory is already ${first}`,
    });
  }
  if (
    command === "create" &&
    first &&
    dirname(resolve(first)) === resolve(first)
  )
    issues.push({
      flag: "directory",
      value: first,
      reason: "it is the root of the file system",
      remedy: "Name a new directory, like my-gateway",
    });
  if (first !== undefined && (first === "" || printable(first) !== first)) {
    issues.push({
      flag: "directory",
      value: first,
      reason: first === "" ? "it is empty" : "it has control characters",
      remedy: "Name a directory, like my-gateway",
    });
  }
  return issues;
}
