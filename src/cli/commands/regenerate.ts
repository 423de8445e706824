import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { readDisk } from "../../repository/disk.ts";
import { type ExitCode } from "../../base/errors.ts";
import { readState } from "../../repository/state-reader.ts";
import { STATE_FILE } from "../../repository/state.ts";
import { run } from "../run.ts";

/** `create-kong-ipv6 regenerate [directory]`: updates a repository after changed answers, or for a newer generator. */
export async function regenerate(args: Arguments): Promise<ExitCode> {
  return await run(args, () => {
    const shown = args.directory ?? ".";
    const directory = absolute(shown);
    const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
    return { shown, previous: readState(directory, entry) };
  });
}
