import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { type ExitCode } from "../../base/errors.ts";
import { readState } from "../../repository/state-reader.ts";
import { holdsFleet } from "../../repository/target.ts";
import { run } from "../run.ts";

/** `create-kong-ipv6 regenerate [directory]`: updates a repository after changed answers, or for a newer generator. */
export async function regenerate(args: Arguments): Promise<ExitCode> {
  if (holdsFleet(absolute(args.directory ?? ".")))
    return await (await import("./fleet.ts")).regenerateFleet(args);
  return await run(args, () => {
    const shown = args.directory ?? ".";
    const directory = absolute(shown);
    const { state: previous, text: previousText } = readState(directory);
    return { shown, previous, previousText };
  });
}
