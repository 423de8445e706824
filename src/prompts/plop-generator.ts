import type { NodePlopAPI } from "node-plop";
import type { Prompter } from "./ask.ts";
import { setSelect } from "./select.ts";

/** The two halves of a run: the questions, and the write. */
export interface Session {
  readonly ask: (prompter: Prompter) => Promise<void>;
  /** @returns what plop prints after its tick */
  readonly act: () => Promise<string>;
}

export const GENERATOR = "kong-ipv6";
export const DESCRIPTION = "a Kong gateway on its own public IPv6 address";

/**
 * The generator as plop sees it. Prompts and actions are functions; plop's bypass, renderer and file
 * actions are not used (CONTRIBUTING.md, "plop").
 */
export function setGenerator(plop: NodePlopAPI, session: Session): void {
  setSelect(plop);
  plop.setGenerator(GENERATOR, {
    description: DESCRIPTION,
    prompts: async (prompter) => {
      await session.ask(prompter);
      return {};
    },
    actions: [async () => await session.act()],
  });
}
