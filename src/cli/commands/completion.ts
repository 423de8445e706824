import type { Arguments } from "../parse-args.ts";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import type { Shell } from "../flags.ts";
import { write } from "../../base/stdio.ts";

const SCRIPTS: Readonly<Record<Shell, () => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `create-kong-ipv6 completion bash|zsh|fish`: prints a completion script. */
export function completion({ issues, shell }: Arguments): ExitCode {
  if (issues.length > 0 || shell === undefined) throw new UnusableError(issues);
  write(1, SCRIPTS[shell]());
  return EXIT.done;
}
