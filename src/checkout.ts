import { resolve as absolute } from "node:path";
import type { Session } from "../plopfile.ts";
import { converse, type Prompter } from "./conversation.ts";
import { FailedError } from "./errors.ts";
import { generate } from "./generate.ts";
import { inspectTarget } from "./target.ts";
import { outcomeText } from "./outcome.ts";
import { styleFor } from "./style.ts";
import { isTerminal, write } from "./terminal.ts";

/** The run that `npx plop` offers in a checkout: it asks for the directory too. */
export function checkoutSession(): Session {
  const style = styleFor(isTerminal(1), true);
  const show = (text: string): void => void write(1, `${text}\n`);
  let asked: { prompter: Prompter; directory: string } | undefined;
  return {
    ask: async (prompter) => {
      if (!isTerminal(1) || !isTerminal(0)) {
        throw new FailedError(
          "`npx plop` asks, and there is no terminal here. Use npm start -- --help",
          "",
        );
      }
      const { directory } = await prompter.prompt([
        {
          type: "input",
          name: "directory",
          message: "directory:",
          default: "my-gateway",
        },
      ]);
      asked = { prompter, directory: absolute(String(directory)) };
      inspectTarget(asked.directory);
      return await converse(prompter, {});
    },
    act: async (given) => {
      if (!asked) throw new Error("plop ran the action without its prompts");
      const { prompter, directory } = asked;
      const owner = { prompter: () => Promise.resolve(prompter), style, show };
      const request = {
        directory,
        dryRun: false,
        conflict: "ask",
        git: false,
      } as const;
      const outcome = await generate(given, request, owner);
      const manner = {
        shown: directory,
        asked: true,
        dryRun: false,
        diff: undefined,
        git: false,
      };
      show(outcomeText(outcome, manner, style));
      return directory;
    },
  };
}
