import { nodePlop } from "./plop.ts";
import { GENERATOR, setGenerator } from "./plop-generator.ts";
import type { Prompter } from "./ask.ts";
import { setSelect } from "./select.ts";
import { CancelledError } from "../base/errors.ts";
import { write } from "../base/stdio.ts";

/**
 * Runs a conversation through node-plop: the generator of the plopfile, first its prompts, then its
 * actions. node-plop keeps only the message of an error in an action, so the error is carried around it.
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

/** node-plop's prompter, for questions that come up later. */
export async function loadPrompter(): Promise<Prompter> {
  const plop = await nodePlop();
  setSelect(plop);
  const { inquirer } = plop as unknown as { inquirer: Prompter };
  return {
    prompt: (questions) => cancellable(() => inquirer.prompt(questions)),
  };
}

/**
 * Makes Ctrl-C and Ctrl-D cancel the run. inquirer 9 turns Ctrl-C into a SIGINT to its own process. At
 * the end of the input (Ctrl-D) it never settles its promise, and Node runs out of work.
 */
function cancellable<T>(prompts: () => Promise<T>): Promise<T> {
  const others = process.listeners("exit");
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new CancelledError());
    const leave = (): void => {
      // inquirer's listener would close the closed input again, which throws on Node 24 and later.
      for (const listener of process.listeners("exit"))
        if (!others.includes(listener)) process.off("exit", listener);
      // The terminal's cursor is still behind the question.
      write(1, "\n");
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
 * Makes Ctrl-Z and `fg` work. readline would stop only its own process: npm, if it started the
 * process, would keep the terminal, and readline would not read again.
 * @returns a function that removes the handlers
 */
function suspendable(): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    // After readline's own handler, which pauses its input. A key press redraws the question.
    process.once("SIGCONT", () => {
      clearTimeout(timer);
      process.on("SIGTSTP", stop);
      process.stdin.resume();
      process.stdin.emit("keypress", undefined, { name: "" });
    });
    process.off("SIGTSTP", stop);
    process.kill(0, "SIGTSTP");
    // An orphaned process group cannot be stopped (POSIX).
    timer = setTimeout(() => process.emit("SIGCONT", "SIGCONT"), 50);
  };
  process.on("SIGTSTP", stop);
  return () => {
    clearTimeout(timer);
    process.off("SIGTSTP", stop);
  };
}
