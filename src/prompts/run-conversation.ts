import { nodePlop } from "./plop.ts";
import { GENERATOR, setGenerator } from "./plop-generator.ts";
import type { Prompter } from "./conversation.ts";
import { CancelledError } from "../base/errors.ts";

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
  await generator.runActions(await cancellable(() => generator.runPrompts()));
  if (failure) throw failure.error;
  if (!result) throw new Error("node-plop ran no action");
  return result.value;
}

/** The prompter that node-plop brings, for questions that come up later. */
export async function loadPrompter(): Promise<Prompter> {
  const plop = (await nodePlop()) as unknown as { inquirer: Prompter };
  return {
    prompt: (questions) => cancellable(() => plop.inquirer.prompt(questions)),
  };
}

/**
 * inquirer 9 turns Ctrl-C into a SIGINT to its own process, and at the end of the input (Ctrl-D)
 * leaves its promise open, so that Node runs out of work: both are the owner's "no".
 */
function cancellable<T>(prompts: () => Promise<T>): Promise<T> {
  const others = process.listeners("exit");
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new CancelledError());
    const leave = (): void => {
      // inquirer's would close the closed input once more: Node 24 and later throw at that.
      for (const listener of process.listeners("exit"))
        if (!others.includes(listener)) process.off("exit", listener);
      cancel();
    };
    const endSuspendable = suspendable();
    const settled = (): void => {
      endSuspendable();
      process.off("SIGINT", cancel);
      process.off("beforeExit", leave);
    };
    process.on("SIGINT", cancel);
    process.on("beforeExit", leave);
    prompts().finally(settled).then(resolve, reject);
  });
}

/**
 * Lets Ctrl-Z stop the conversation, and go on with it. readline would stop its own process alone, so
 * that npm, where it has started that, keeps the terminal from the shell; and would read no more then.
 * @returns what ends it
 */
function suspendable(): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    // Behind readline's own, which pauses its input. The question is drawn anew at a key.
    process.once("SIGCONT", () => {
      clearTimeout(timer);
      process.on("SIGTSTP", stop);
      process.stdin.resume();
      process.stdin.emit("keypress", undefined, { name: "" });
    });
    process.off("SIGTSTP", stop);
    process.kill(0, "SIGTSTP");
    // A group that no shell looks after can't be stopped (POSIX: an orphaned process group).
    timer = setTimeout(() => process.emit("SIGCONT", "SIGCONT"), 50);
  };
  process.on("SIGTSTP", stop);
  return () => {
    clearTimeout(timer);
    process.off("SIGTSTP", stop);
  };
}
