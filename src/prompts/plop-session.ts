import { resolve as absolute } from "node:path";
import type { Session } from "./plop-generator.ts";
import { detectedDefaults } from "../detect/detected-defaults.ts";
import { CancelledError, FailedError } from "../base/errors.ts";
import { commit } from "../reconcile/commit.ts";
import { type Prepared } from "../reconcile/request.ts";
import { inspectTarget } from "../repository/target.ts";
import { outcomeText } from "../report/outcome-text.ts";
import { fullConversation } from "./full-conversation.ts";
import { styleFor } from "../base/colors.ts";
import { canAsk, isTerminal, write } from "../base/stdio.ts";

/** The run of `npx plop` in a checkout. It also asks for the directory. */
export function checkoutSession(): Session {
  widenTerminal();
  const style = styleFor(isTerminal(1), true);
  const show = (text: string): void => void write(1, `${text}\n`);
  const defaults = detectedDefaults({ detect: false, color: true }, undefined);
  let prepared: Prepared | undefined;
  return {
    ask: async (prompter) => {
      if (!canAsk()) {
        throw new FailedError(
          "`npx plop` asks questions, which needs a terminal. Use npm start -- --help",
          "",
        );
      }
      const { directory: shown } = await prompter.prompt([
        {
          type: "input",
          name: "directory",
          message: "directory:",
          default: "my-gateway",
        },
      ]);
      const directory = absolute(String(shown));
      inspectTarget(directory);
      const request = {
        directory,
        dryRun: false,
        conflict: "ask",
        git: false,
      } as const;
      const context = {
        request,
        shown: directory,
        diff: undefined,
        defaults,
        style,
        show,
      };
      prepared = await fullConversation(prompter, {}, context).catch(leave);
    },
    act: async () => {
      if (!prepared) throw new Error("plop ran the action without its prompts");
      const outcome = commit(prepared);
      const options = {
        shown: outcome.directory,
        asked: true,
        agreed: outcome.written,
        dryRun: false,
        diff: undefined,
        git: false,
        detected: [],
      };
      show(outcomeText(outcome, options, style));
      process.exitCode = outcome.exitCode;
      return outcome.directory;
    },
  };
}

/** plop's spinner divides by the number of columns: if a terminal reports none, it never ends. */
function widenTerminal(): void {
  for (const stream of [process.stdout, process.stderr])
    if (stream.isTTY && !stream.columns) stream.columns = 80;
}

/** plop would report a cancelled run as an error, and exit with 1. */
function leave(error: unknown): never {
  if (!(error instanceof CancelledError)) throw error;
  write(2, `${error.message}\n`);
  process.exit(error.exitCode);
}
