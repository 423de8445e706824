import { resolve as absolute } from "node:path";
import type { Arguments } from "../args.ts";
import { recover } from "../in-place.ts";
import { readDisk } from "../disk.ts";
import type { ExitCode } from "../errors.ts";
import { readState } from "../read-state.ts";
import { STATE_FILE } from "../state.ts";
import { run } from "./run.ts";

/** `create-kong-ipv6 regenerate [directory]`: renders again, after changed answers or by a newer generator. */
export async function regenerate(args: Arguments): Promise<ExitCode> {
  return await run(args, () => {
    const shown = args.directory ?? ".";
    const directory = absolute(shown);
    const recovered = args.dryRun ? undefined : recover(directory);
    const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
    const former = readState(directory, entry);
    return { shown, former, ...(recovered && { recovered }) };
  });
}
