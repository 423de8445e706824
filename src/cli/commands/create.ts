import { readdirSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { wasInterrupted } from "../../repository/recover.ts";
import type { Arguments } from "../parse-args.ts";
import { UnusableError, type ExitCode } from "../../base/errors.ts";
import { existingAnswers, inspectTarget } from "../../repository/target.ts";
import { run } from "../run.ts";

/** `create-kong-ipv6 [directory]`: asks for missing answers, then creates a repository. */
export async function create(args: Arguments): Promise<ExitCode> {
  return await run(args, () => {
    const shown = args.directory ?? implied(args.answersFile);
    const directory = absolute(shown);
    inspectTarget(directory);
    return { shown, existing: existingAnswers(directory) };
  });
}

/**
 * The directory, if none is given: the current one, if it is empty.
 * @param answersFile may lie in it
 */
function implied(answersFile: string | undefined): string {
  // git's own, and the lock of a run that was killed right at its start.
  const ignored = /^(\.git|\.kong-ipv6\.\d+\.lock)$/;
  const expected = answersFile === undefined ? "" : absolute(answersFile);
  const isForeign = (name: string): boolean =>
    !ignored.test(name) && absolute(name) !== expected;
  if (!readdirSync(".").some(isForeign)) return ".";
  // An interrupted run left these files.
  if (wasInterrupted(".")) return ".";
  throw new UnusableError([
    {
      flag: "directory",
      reason: "it is missing, and the current directory is not empty",
      remedy: "Give one, like my-gateway, or . for the current one",
    },
  ]);
}
