import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { recover } from "../../repository/recover.ts";
import { readDisk } from "../../repository/disk.ts";
import { UnusableError, type ExitCode } from "../../base/errors.ts";
import { readState } from "../../repository/state-reader.ts";
import { STATE_FILE, type State } from "../../repository/state.ts";
import { VERSION } from "../../base/version.ts";
import { run } from "./run.ts";

/** `create-kong-ipv6 regenerate [directory]`: updates a repository after changed answers, or for a newer generator. */
export async function regenerate(args: Arguments): Promise<ExitCode> {
  return await run(args, () => {
    const shown = args.directory ?? ".";
    const directory = absolute(shown);
    const recovered = args.dryRun ? undefined : recover(directory);
    const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
    const previous = readState(directory, entry);
    refuseNewer(previous);
    return { shown, previous, ...(recovered && { recovered }) };
  });
}

/** The templates of an older generator would remove the fixes of a newer one. */
function refuseNewer({ generator }: State): void {
  if (!isNewer(generator)) return;
  throw new UnusableError([
    {
      flag: "directory",
      value: STATE_FILE,
      reason: `it was written by create-kong-ipv6 ${generator}, which is newer than this version, ${VERSION}`,
      remedy: "Run npx create-kong-ipv6@latest",
    },
  ]);
}

/** Whether a version is newer than this one. Anything that is not a version is not newer. */
function isNewer(version: string): boolean {
  const [other, own] = [version, VERSION].map(numbers);
  const at = other?.findIndex((part, index) => part !== own?.[index]) ?? -1;
  return at >= 0 && Number(other?.[at]) > Number(own?.[at]);
}

const numbers = (version: string): string[] =>
  /^\d+\.\d+\.\d+/.exec(version)?.[0].split(".") ?? [];
