import { nodePlop } from "./plop.ts";
import { GENERATOR, setGenerator } from "../plopfile.ts";
import type { Prompter } from "./conversation.ts";
import { CancelledError, EXIT } from "./errors.ts";

/**
 * Holds a conversation through node-plop: the plopfile's generator, runPrompts then runActions.
 * node-plop keeps only the message of what an action throws: act's own error is carried around it.
 */
export async function runConversation<P, T>(
  ask: (prompter: Prompter) => Promise<P>,
  act: (prepared: P) => T,
): Promise<T> {
  let prepared: { value: P } | undefined;
  let result: { value: T } | undefined;
  let failure: { error: unknown } | undefined;
  const plop = await nodePlop();
  setGenerator(plop, {
    ask: async (prompter) => {
      prepared = { value: await ask(prompter) };
    },
    act: async () => {
      try {
        if (prepared) result = { value: act(prepared.value) };
      } catch (error) {
        failure = { error };
      }
      return "";
    },
  });
  const generator = plop.getGenerator(GENERATOR);
  await generator.runActions(await cancellable(generator.runPrompts()));
  if (failure) throw failure.error;
  if (!result) throw new Error("node-plop ran no action");
  return result.value;
}

/** The prompter that node-plop brings, for questions that come up later. */
export async function loadPrompter(): Promise<Prompter> {
  const plop = (await nodePlop()) as unknown as { inquirer: Prompter };
  return {
    prompt: (questions) => cancellable(plop.inquirer.prompt(questions)),
  };
}

/**
 * inquirer 9 turns Ctrl-C into a SIGINT to its own process, and at the end of the input (Ctrl-D)
 * leaves its promise open, so that Node runs out of work: both are the owner's "no".
 */
function cancellable<T>(prompts: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new CancelledError());
    const leave = (): void => {
      process.stderr.write(`${new CancelledError().message}\n`);
      process.exitCode = EXIT.cancelled;
    };
    const settled = (): void => {
      process.off("SIGINT", cancel);
      process.off("exit", leave);
    };
    process.on("SIGINT", cancel);
    process.on("exit", leave);
    prompts.finally(settled).then(resolve, reject);
  });
}
