import { resolve as absolute } from "node:path";
import type { Session } from "../plopfile.ts";
import { converse, type Prompter } from "./conversation.ts";
import { FailedError } from "./errors.ts";
import { generate, inspect } from "./generate.ts";
import { outcomeText } from "./outcome.ts";
import { styleFor } from "./style.ts";

/** The run that `npx plop` offers in a checkout: it asks for the directory too. */
export function checkoutSession(): Session {
  const style = styleFor(process.stdout, true);
  const show = (text: string): void => void process.stdout.write(`${text}\n`);
  let asked: { prompter: Prompter; directory: string } | undefined;
  return {
    ask: async (prompter) => {
      if (!process.stdin.isTTY || !process.stdout.isTTY) {
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
      inspect(asked.directory);
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
        diff: false,
        git: false,
      };
      show(outcomeText(outcome, manner, style));
      return directory;
    },
  };
}
