import { resolve as absolute } from "node:path";
import type { Arguments } from "../parse-args.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { recovery } from "../../repository/recover.ts";
import { holdsFleet } from "../../repository/fleet-directory.ts";
import { inspectRepository, isOpen } from "../../reconcile/check.ts";
import { checkText } from "../../report/check-text.ts";
import { printableJson } from "../../base/escape.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";

/** `create-kong-ipv6 check [directory]`: compares a repository with its answers, and validates it. */
export async function check(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const shown = args.directory ?? ".";
  const directory = absolute(shown);
  if (holdsFleet(directory))
    return await (await import("./fleet.ts")).checkFleet(args);
  const inspection = inspectRepository(directory);
  const recovered = recovery(directory);
  const interrupted = recovered !== undefined;
  const isDone =
    !inspection.files.some(isOpen) &&
    inspection.stale.length === 0 &&
    !interrupted;
  const exitCode = isDone ? EXIT.done : EXIT.changes;
  const text = args.json
    ? printableJson({ exitCode, directory, interrupted, ...inspection })
    : checkText(
        inspection,
        { shown, recovered },
        styleFor(isTerminal(1), args.color),
      );
  write(1, `${text}\n`);
  return exitCode;
}
