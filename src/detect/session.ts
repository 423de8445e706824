import type { AnswerKey, Answers } from "../answers/types.ts";
import { valuesOf, type Detected, type Look } from "./infer/findings.ts";
import { lookIfHere, lookOnce } from "./look.ts";
import { warningText } from "./print.ts";
import type { Given } from "../answers/resolve.ts";
import { styleFor } from "../base/colors.ts";
import { isTerminal, write } from "../base/stdio.ts";

/** The server's part in a run of create or regenerate. */
export interface Looking {
  readonly look: Look;
  /** The first look, before anything is asked: its answers; its warnings go to standard error. */
  readonly first: (given: Given) => Promise<Given>;
  /** Which answers came to be as the server said, with their sources. */
  readonly used: (answers: Answers) => Detected[];
}

/** With --detect the server that it names; in a conversation without, this one if it is the server. */
export function looking(
  args: { detect: boolean; ssh: string | undefined; color: boolean },
  former: Answers | undefined,
): Looking {
  const terminal = isTerminal(0);
  const source = args.detect
    ? lookOnce(args.ssh, terminal, former)
    : lookIfHere(former);
  const said = new Map<AnswerKey, Detected>();
  const look: Look = async (answers) => {
    const detection = await source(answers);
    for (const one of detection.answers) said.set(one.key, one);
    return detection;
  };
  return {
    look,
    first: async (answers) => {
      const { answers: seen, warnings } = await look(answers);
      const style = styleFor(isTerminal(2), args.color);
      for (const warning of warnings)
        write(2, `${warningText(warning, style)}\n`);
      return valuesOf(seen);
    },
    // What is given is never seen; what is asked may be answered otherwise.
    used: (answers) =>
      [...said.values()].filter(({ key, value }) => answers[key] === value),
  };
}
