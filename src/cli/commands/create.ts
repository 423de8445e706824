import { readdirSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { wasCutOff } from "../../repository/in-place.ts";
import type { Arguments } from "../parse-args.ts";
import { UnusableError, type ExitCode } from "../../base/errors.ts";
import { inspectTarget } from "../../repository/target.ts";
import { run } from "./run.ts";

/** `create-kong-ipv6 [directory]`: asks what flags and --answers leave open, then generates. */
export async function create(args: Arguments): Promise<ExitCode> {
  return await run(args, () => {
    const shown = args.directory ?? implied(args.answersFile);
    inspectTarget(absolute(shown));
    return { shown };
  });
}

/**
 * Without a directory it is the current one, if nothing is in there that could be mixed up with it.
 * @param answersFile was named: it is there on purpose
 */
function implied(answersFile: string | undefined): string {
  // git's own, and what is left of a run that was killed at its very start.
  const nothing = /^(\.git|\.kong-ipv6\.\d+\.lock)$/;
  const expected = answersFile === undefined ? "" : absolute(answersFile);
  const isStrange = (name: string): boolean =>
    !nothing.test(name) && absolute(name) !== expected;
  if (!readdirSync(".").some(isStrange)) return ".";
  // Begun by a run that was cut off.
  if (wasCutOff(".")) return ".";
  throw new UnusableError([
    {
      flag: "directory",
      reason: "it is missing, and the current directory is not empty",
      remedy: "Name one, like my-gateway, or . for this one",
    },
  ]);
}
